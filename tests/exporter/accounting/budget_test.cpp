#include "exporter/accounting/budget.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/attempts.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

using namespace std::chrono_literals;
using testing::at;
using Left = std::map<std::string, double>;

// Second 0 is 20:00 UTC of a day: four hours are left of it.
const WallTime kEvening = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 20)) + 20h;
const WallAnchor kAnchor{at(0), kEvening};
constexpr double kHour = 3600;

void send(Budget& budget, double when, int number = 1, bool warmup = false) {
  const auto query = testing::make_query({.warmup = warmup});
  budget.started(testing::started(*testing::make_attempt(query, {.sent = when, .ended = when + 1, .number = number})));
}

AttemptRecord record(double when, double joules, double dollars) {
  auto made = testing::full_record("a", "q");
  made.ended_at = kAnchor.wall(at(when));
  made.energy[0].gross = Joules{joules};
  made.cost_usd = dollars;
  return made;
}

TEST(Budget, CountsQueriesAsTheyGoOut) {
  Budget budget({.queries = 2, .joules = {}, .dollars = {}}, {}, at(0), kAnchor);
  send(budget, 0, 1, true);
  send(budget, 1);
  send(budget, 2, 2);
  EXPECT_FALSE(budget.hold(at(3))) << "neither warm-ups nor further attempts";
  EXPECT_EQ(budget.remaining(at(3)), (Left{{"queries", 0.5}}));
  send(budget, 3);
  const auto hold = budget.hold(at(4));
  ASSERT_TRUE(hold);
  EXPECT_EQ(hold->reason, replay::PauseReason::budget);
  EXPECT_EQ(hold->why, "the day's budget of 2 queries is spent, until midnight UTC");
  EXPECT_EQ(hold->until, at(4 * kHour)) << "midnight";
  EXPECT_FALSE(hold->retries_too);
  EXPECT_TRUE(hold->ends_pass);
  EXPECT_EQ(budget.remaining(at(4)), (Left{{"queries", 0}}));
}

TEST(Budget, BeginsAnewAtMidnight) {
  Budget budget({.queries = 1, .joules = {}, .dollars = {}}, {}, at(0), kAnchor);
  send(budget, 1);
  EXPECT_TRUE(budget.hold(at(4 * kHour - 0.001)));
  EXPECT_FALSE(budget.hold(at(4 * kHour)));
  EXPECT_EQ(budget.remaining(at(4 * kHour)), (Left{{"queries", 1}}));
  send(budget, 5 * kHour);
  ASSERT_TRUE(budget.hold(at(5 * kHour)));
  EXPECT_EQ(budget.hold(at(5 * kHour))->until, at(28 * kHour));
}

TEST(Budget, CountsJoulesAndDollarsOfWhatIsComplete) {
  Budget budget({.queries = {}, .joules = Joules{100}, .dollars = 1}, {}, at(0), kAnchor);
  budget.add(record(1, 60, 0.25));
  EXPECT_FALSE(budget.hold(at(2)));
  EXPECT_EQ(budget.remaining(at(2)), (Left{{"joules", 0.4}, {"dollars", 0.75}})) << "of the accelerator alone";
  auto unknown = record(2, std::numeric_limits<double>::quiet_NaN(), 0);
  unknown.cost_usd.reset();
  budget.add(unknown);
  EXPECT_EQ(budget.remaining(at(2)).at("joules"), 0.4);
  budget.add(record(3, 50, 0.25));
  ASSERT_TRUE(budget.hold(at(4)));
  EXPECT_EQ(budget.hold(at(4))->why, "the day's budget of 100 joules is spent, until midnight UTC");
  EXPECT_EQ(budget.remaining(at(4)), (Left{{"joules", 0}, {"dollars", 0.5}}));
}

TEST(Budget, ADollarIsSpentToo) {
  Budget budget({.queries = {}, .joules = {}, .dollars = 0.5}, {}, at(0), kAnchor);
  budget.add(record(1, 1e9, 0.5));
  ASSERT_TRUE(budget.hold(at(2)));
  EXPECT_EQ(budget.hold(at(2))->why, "the day's budget of 0.5 dollars is spent, until midnight UTC");
}

TEST(Budget, WhatEndedYesterdayIsYesterdays) {
  Budget budget({.queries = {}, .joules = Joules{100}, .dollars = {}}, {}, at(0), kAnchor);
  EXPECT_FALSE(budget.hold(at(4 * kHour + 1)));
  budget.add(record(4 * kHour - 1, 1000, 0));
  EXPECT_FALSE(budget.hold(at(4 * kHour + 2)));
  budget.add(record(4 * kHour + 3, 100, 0));
  EXPECT_TRUE(budget.hold(at(4 * kHour + 4)));
}

TEST(Budget, ARestartDoesNotResetIt) {
  Budget budget({.queries = 10, .joules = Joules{100}, .dollars = {}},
                {.queries = 9, .joules = Joules{25}, .dollars = 7}, at(0), kAnchor);
  EXPECT_EQ(budget.remaining(at(0)), (Left{{"queries", 1 - 0.9}, {"joules", 0.75}}));
  send(budget, 1);
  EXPECT_TRUE(budget.hold(at(2)));
}

}  // namespace
}  // namespace ipw
