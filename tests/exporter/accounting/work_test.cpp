#include "exporter/accounting/work.hpp"

#include <gtest/gtest.h>

#include "tests/support/attempts.hpp"

namespace ipw {
namespace {

using testing::at;
using testing::AttemptPlan;

// Seconds from `begin`, and tokens read and generated in each step.
struct Step {
  double end, prefill, decode;
};

std::vector<Step> steps(const replay::Attempt& attempt) {
  const auto load = load_of(attempt);
  std::vector<Step> all;
  MonoTime from = load.begin;
  for (const auto& step : load.steps) {
    const double seconds = between(from, step.end).value;
    all.push_back({between(at(0), step.end).value, step.prefill * seconds, step.decode * seconds});
    from = step.end;
  }
  return all;
}

TEST(Work, FollowsTheTokens) {
  struct Case {
    const char* name;
    AttemptPlan attempt;
    std::vector<Step> expected;
  } const cases[] = {
      {"prompt, then chunks", {0, 3, {1, 2, 3}, 100, 30}, {{1, 100, 10}, {2, 0, 10}, {3, 0, 10}}},
      {"nothing works after the last chunk", {0, 5, {1, 2}, 100, 20}, {{1, 100, 10}, {2, 0, 10}}},
      {"no text came: all of it is prefill", {0, 4, {}, 100, 0}, {{4, 100, 0}}},
      {"chunks that came together are one", {0, 3, {1, 1, 3}, 100, 30}, {{1, 100, 20}, {3, 0, 10}}},
      {"text at the very start waits for a stretch of time", {0, 2, {0, 1}, 100, 20}, {{1, 100, 20}}},
      {"an attempt without length has no work", {1, 1, {1}, 100, 20}, {}},
      {"tokens that nobody counted come from bytes", {0, 2, {1, 2}, {}, {}}, {{1, 2.75, 2}, {2, 0, 2}}},
  };
  for (const auto& c : cases) {
    const auto got = steps(*testing::make_attempt(testing::make_query(), c.attempt));
    ASSERT_EQ(got.size(), c.expected.size()) << c.name;
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i].end, c.expected[i].end, 1e-9) << c.name << ", step " << i;
      EXPECT_NEAR(got[i].prefill, c.expected[i].prefill, 1e-9) << c.name << ", step " << i;
      EXPECT_NEAR(got[i].decode, c.expected[i].decode, 1e-9) << c.name << ", step " << i;
    }
  }
}

TEST(Work, CachedTokensAreNotRead) {
  auto attempt = *testing::make_attempt(testing::make_query(), {0, 2, {1, 2}, 100, 20});
  attempt.usage.cached_tokens = 90;
  EXPECT_NEAR(steps(attempt)[0].prefill, 10, 1e-9);
}

}  // namespace
}  // namespace ipw
