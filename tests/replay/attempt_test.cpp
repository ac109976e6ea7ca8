#include "replay/attempt.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ipw::replay {
namespace {

TEST(Outcome, NamesAreTheContracts) {
  const std::vector<std::string_view> expected = {
      "ok",       "length",   "connect",      "tls",        "timeout_first_token", "timeout_total", "http_4xx",
      "http_429", "http_5xx", "stream_error", "stream_cut", "unparsable",          "empty",         "cancelled"};
  ASSERT_EQ(expected.size(), kOutcomes);
  for (std::size_t i = 0; i < kOutcomes; ++i) EXPECT_EQ(to_text(static_cast<Outcome>(i)), expected[i]);
}

TEST(Outcome, OnlyOkAndLengthAreAnswers) {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(answered(outcome), outcome == Outcome::ok || outcome == Outcome::length) << to_text(outcome);
  }
}

}  // namespace
}  // namespace ipw::replay
