#include "exporter/accounting/foreign_loads.hpp"

#include <gtest/gtest.h>

#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;

replay::LoadSeen poll(double when, double read, double generated, std::int64_t foreign = 0, std::size_t target = 0) {
  return {target, foreign, 0, at(when), foreign, {read, generated, true}};
}

// What the loads add up to.
ForeignTokens worked(const ForeignLoads& foreign, std::size_t target = 0) {
  const std::size_t targets[] = {target};
  ForeignTokens all;
  for (const auto* load : foreign.loads(targets, {at(0), at(1000)}))
    for (const auto& step : load->steps) {
      const double seconds = between(load->begin, step.end).value;
      all += {step.prefill * seconds, step.decode * seconds};
    }
  return all;
}

TEST(ForeignLoads, AreWhatTheServerCountsLessOurs) {
  ForeignLoads foreign({0});
  foreign.on(poll(1, 1000, 500));
  EXPECT_FALSE(foreign.tokens(0)) << "not yet taken";
  // Ours: 100 read, 20 generated. Others': 400 and 80.
  foreign.on(replay::Finished{make_attempt(make_query(), {1.2, 1.8, {1.4, 1.8}, 100, 20})});
  foreign.on(poll(2, 1500, 600, 2));
  EXPECT_EQ(foreign.advance(at(2.5), at(0)), at(2)) << "what comes after the last poll is not known yet";
  ASSERT_TRUE(foreign.tokens(0));
  EXPECT_NEAR(foreign.tokens(0)->input, 400, 3) << "a lower bound";
  EXPECT_NEAR(foreign.tokens(0)->output, 80, 3);
  EXPECT_LE(foreign.tokens(0)->input, 400);
  EXPECT_EQ(worked(foreign), *foreign.tokens(0)) << "all of it is work between the polls";
  const std::size_t targets[] = {0};
  const auto loads = foreign.loads(targets, {at(0), at(5)});
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0]->begin, at(1));
  EXPECT_EQ(loads[0]->end, at(2));
  EXPECT_EQ(loads[0]->count, 2U);
  EXPECT_FALSE(loads[0]->opaque);
  EXPECT_TRUE(foreign.any(0, {at(1.5), at(1.6)}));
  EXPECT_FALSE(foreign.any(0, {at(2), at(3)}));
}

TEST(ForeignLoads, WhatMayBeOursIsOurs) {
  struct Case {
    const char* name;
    std::vector<AttemptPlan> ours;
    double read, generated;  // what the server shows at 3 s, having shown nothing at 1 s
  } const cases[] = {
      {"in flight, its prompt read", {{2, 9, {2.5, 5, 9}, 100, 30}}, 100, 10},
      {"in flight, a piece of its answer on the way", {{2, 9, {2.5, 5, 9}, 100, 30}}, 100, 20},
      {"begun before the first poll", {{0.5, 9, {0.8, 5, 9}, 100, 30}}, 0, 10},
      {"counted only when it ends", {{1.5, 2.5, {2, 2.5}, 100, 30}}, 0, 0},
      {"nothing is stated", {{1.5, 2.5, {2, 2.5}, {}, {}}}, 4, 6},
      {"the server counts a token more for each", {{1.5, 1.7, {1.6, 1.7}, 9, 9}, {1.7, 2, {1.8, 2}, 9, 9}}, 20, 20},
      {"cancelled", {{2, 2.9, {2.5}, 100, {}, replay::Outcome::cancelled}}, 100, 2},
  };
  for (const auto& c : cases) {
    ForeignLoads foreign({0});
    foreign.on(poll(1, 0, 0));
    for (const auto& plan : c.ours) foreign.on(replay::Finished{make_attempt(make_query(), plan)});
    foreign.on(poll(3, c.read, c.generated));
    (void)foreign.advance(at(3), at(0));
    EXPECT_EQ(foreign.tokens(0), ForeignTokens{}) << c.name;
    EXPECT_FALSE(foreign.any(0, {at(0), at(9)})) << c.name;
  }
}

TEST(ForeignLoads, ManyOfOursNeverHideThemForLong) {
  ForeignLoads foreign({0});
  double read = 0, generated = 0;
  foreign.on(poll(0, 0, 0));
  ForeignTokens before;
  for (int i = 1; i <= 200; ++i) {
    // Each second one of ours that reaches over the poll, and 50 and 10 tokens of others.
    const double begin = i - 0.6;
    foreign.on(replay::Finished{make_attempt(make_query(), {begin, begin + 0.9, {begin + 0.2, begin + 0.9}, 200, 40})});
    read += 250;
    generated += 50;
    foreign.on(poll(i, read, generated));
    (void)foreign.advance(at(i - 0.5), at(0));
    const auto now = foreign.tokens(0).value_or(ForeignTokens{});
    EXPECT_GE(now.input, before.input);
    EXPECT_GE(now.output, before.output);
    EXPECT_LE(now.input, 50 * i);
    EXPECT_LE(now.output, 10 * i);
    before = now;
  }
  EXPECT_GT(before.input, 50 * 200 * 0.9);
  EXPECT_GT(before.output, 10 * 200 * 0.7);
}

TEST(ForeignLoads, ARestartedServerTakesNothingBack) {
  ForeignLoads foreign({0});
  foreign.on(poll(1, 1000, 1000));
  foreign.on(poll(2, 1300, 1100));
  foreign.on(poll(3, 7, 5));
  foreign.on(poll(4, 17, 8));
  EXPECT_EQ(foreign.advance(at(4), at(0)), at(4));
  EXPECT_EQ(foreign.tokens(0), (ForeignTokens{310, 103}))
      << "what it counted between its start and the poll is unknown";
}

TEST(ForeignLoads, RequestsAloneAreThereAndNobodyKnowsWhatTheyWork) {
  ForeignLoads foreign({0});
  for (const double when : {1.0, 2.0, 3.0}) foreign.on(replay::LoadSeen{0, 3, 0, at(when), when == 2 ? 3 : 0, {}});
  (void)foreign.advance(at(3), at(0));
  const std::size_t targets[] = {0};
  const auto loads = foreign.loads(targets, {at(0), at(9)});
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0]->end, at(2));
  EXPECT_EQ(loads[0]->count, 3U);
  EXPECT_TRUE(loads[0]->opaque);
  EXPECT_TRUE(loads[0]->steps.empty());
  EXPECT_FALSE(foreign.tokens(0)) << "unknown is not 0";
}

TEST(ForeignLoads, TargetsOfOneServerAreCountedOnce) {
  ForeignLoads foreign({0, 0, 2});
  for (const std::size_t target : {0, 1, 2}) {
    foreign.on(poll(1, 0, 0, 0, target));
    foreign.on(poll(2, 300, 50, 1, target));
  }
  // The second target's attempt is none of others' at the first one's server.
  foreign.on(replay::Finished{make_attempt(make_query({.target = 1}), {1.1, 1.5, {1.2, 1.5}, 100, 30})});
  (void)foreign.advance(at(2), at(0));
  EXPECT_EQ(foreign.tokens(0), (ForeignTokens{198, 18}));
  EXPECT_FALSE(foreign.tokens(1)) << "shown at the first target of the server";
  EXPECT_EQ(foreign.tokens(2), (ForeignTokens{300, 50}));
  const std::size_t both[] = {0, 1}, second[] = {1};
  EXPECT_EQ(foreign.loads(both, {at(0), at(9)}).size(), 1U);
  EXPECT_EQ(foreign.loads(second, {at(0), at(9)}).size(), 1U) << "it draws power beside the second, too";
}

TEST(ForeignLoads, ASilentServerIsWaitedForAMinuteOnly) {
  ForeignLoads foreign({0});
  EXPECT_EQ(foreign.advance(at(5), at(-55)), at(5)) << "one that was never asked holds nothing up";
  foreign.on(poll(6, 0, 0));
  EXPECT_EQ(foreign.advance(at(9), at(-51)), at(6));
  EXPECT_EQ(foreign.advance(at(70), at(10)), at(70));
  foreign.on(poll(75, 100, 10));
  EXPECT_EQ(foreign.advance(at(80), at(20)), at(75));
  foreign.end();
  EXPECT_EQ(foreign.advance(at(90), at(30)), at(90)) << "nobody asks any more";
}

TEST(ForeignLoads, ForgetsWhatIsBooked) {
  ForeignLoads foreign({0});
  for (int i = 0; i <= 10; ++i) foreign.on(poll(i, 100 * i, 10 * i));
  (void)foreign.advance(at(10), at(0));
  foreign.forget_before(at(4.5));
  const std::size_t targets[] = {0};
  EXPECT_EQ(foreign.loads(targets, {at(0), at(10)}).size(), 6U);
  EXPECT_EQ(foreign.tokens(0), (ForeignTokens{1000, 100}));
}

}  // namespace
}  // namespace ipw
