#include "replay/retry.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

TEST(Retry, WhatMayPass) {
  const std::vector<Outcome> passing = {
      Outcome::connect,  Outcome::timeout_first_token, Outcome::timeout_total, Outcome::http_429,
      Outcome::http_5xx, Outcome::stream_error,        Outcome::stream_cut};
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    const bool expected = std::find(passing.begin(), passing.end(), outcome) != passing.end();
    EXPECT_EQ(may_pass(outcome), expected) << to_text(outcome);
  }
}

TEST(Retry, DelayDoublesWithinItsJitter) {
  std::mt19937 random(1);
  const RetryPolicy policy{.attempts = 9, .backoff = Seconds{0.5}};
  const struct {
    int number;
    double least, most;
  } cases[] = {{1, 0.25, 0.75}, {2, 0.5, 1.5}, {3, 1, 3}, {5, 4, 12}, {20, 60, 60}};
  for (const auto& c : cases) {
    double least = 1e9, most = 0;
    for (int i = 0; i < 200; ++i) {
      const auto delay = retry_delay(policy, c.number, std::nullopt, random).value;
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    EXPECT_GE(least, c.least) << c.number;
    EXPECT_LE(most, c.most) << c.number;
    if (c.most == 60) continue;
    EXPECT_GT(most - least, 0.8 * (c.most - c.least)) << "no jitter after attempt " << c.number;
  }
}

TEST(Retry, TheServersWishWinsWhereItIsLonger) {
  std::mt19937 random(1);
  const RetryPolicy policy{.attempts = 2, .backoff = Seconds{0.5}};
  EXPECT_EQ(retry_delay(policy, 1, Seconds{7}, random).value, 7);
  EXPECT_GE(retry_delay(policy, 1, Seconds{0}, random).value, 0.25);
  EXPECT_EQ(retry_delay(policy, 1, Seconds{3000}, random).value, 3000);
  EXPECT_EQ(retry_delay(policy, 1, Seconds{86400}, random).value, 3600) << "no server keeps us waiting for a day";
}

TEST(Retry, RetryAfterInBothForms) {
  const WallTime now = std::chrono::system_clock::from_time_t(1445412480);  // Wed, 21 Oct 2015 07:28:00 GMT
  const struct {
    const char* text;
    std::optional<double> seconds;
  } cases[] = {
      {"120", 120},
      {" 0 ", 0},
      {"Wed, 21 Oct 2015 07:28:30 GMT", 30},
      {"Wed, 21 Oct 2015 07:00:00 GMT", 0},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"Wed, 21 Oct 2015 07:28:30 GMT and a bit", std::nullopt},
  };
  for (const auto& c : cases) {
    const auto wait = parse_retry_after(c.text, now);
    ASSERT_EQ(wait.has_value(), c.seconds.has_value()) << c.text;
    if (!wait) continue;
    EXPECT_EQ(wait->value, *c.seconds) << c.text;
  }
}

}  // namespace
}  // namespace ipw::replay
