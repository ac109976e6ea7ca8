#include "exporter/statistics/clustered.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/bench/interval_simulation.hpp"

namespace ipw {
namespace {

using namespace testing;
using Rows = std::vector<ClusterTable::Row>;

// `clusters` queries, each asked `repeats` times; the first `right` of them are always right.
Rows panel(std::uint32_t clusters, double repeats, std::uint32_t right, double joules = 10) {
  Rows rows;
  for (std::uint32_t key = 0; key < clusters; ++key) {
    // Every other one draws half as much again, for half as long again.
    const double more = key % 2 == 0 ? 1 : 1.5;
    rows.push_back({key,
                    {.queries = repeats,
                     .score = key < right ? repeats : 0,
                     .joules = repeats * joules * more,
                     .seconds = repeats * 2 * more,
                     .watts = repeats * 300}});
  }
  return rows;
}

TEST(StudentT, AsInTheTables) {
  EXPECT_NEAR(student_t95(4), 2.776, 0.01);
  EXPECT_NEAR(student_t95(10), 2.228, 0.001);
  EXPECT_NEAR(student_t95(30), 2.042, 0.001);
  EXPECT_NEAR(student_t95(1e6), kZ95, 1e-5);
}

TEST(ClusteredAccuracy, IsWilsonsWhereEachQueryWasAskedOnce) {
  const auto found = clustered_accuracy(panel(100, 1, 70));
  ASSERT_TRUE(found);
  const auto expected = wilson(70, 100);
  EXPECT_DOUBLE_EQ(found->value, 0.7);
  EXPECT_DOUBLE_EQ(found->bounds.lower, expected.lower);
  EXPECT_DOUBLE_EQ(found->bounds.upper, expected.upper);
}

// A query that always gets the same answer tells no more when it is asked again.
TEST(ClusteredAccuracy, RepeatsOfTheSameAnswersTellNothingNew) {
  const auto once = clustered_accuracy(panel(500, 1, 350)), often = clustered_accuracy(panel(500, 100, 350));
  ASSERT_TRUE(once && often);
  EXPECT_DOUBLE_EQ(often->value, 0.7);
  EXPECT_NEAR(often->bounds.lower, once->bounds.lower, 2e-3);
  EXPECT_NEAR(often->bounds.upper, once->bounds.upper, 2e-3);
  EXPECT_GT(often->bounds.upper - often->bounds.lower, 5 * (wilson(35000, 50000).upper - wilson(35000, 50000).lower));
}

TEST(ClusteredAccuracy, AllRightIsStillUncertain) {
  const auto found = clustered_accuracy(panel(50, 20, 50));
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->value, 1);
  EXPECT_DOUBLE_EQ(found->bounds.upper, 1);
  EXPECT_NEAR(found->bounds.lower, wilson(50, 50).lower, 0.01);
}

TEST(ClusteredAccuracy, NothingBelowTheMinimum) {
  EXPECT_FALSE(clustered_accuracy({}));
  EXPECT_FALSE(clustered_accuracy(panel(29, 1, 20)));
  EXPECT_TRUE(clustered_accuracy(panel(30, 1, 20)));
  EXPECT_FALSE(clustered_accuracy(panel(19, 100, 10))) << "too few that differ";
  EXPECT_TRUE(clustered_accuracy(panel(20, 2, 10)));
}

TEST(ClusteredEfficiency, WorkedExample) {
  const auto found = clustered_efficiency(panel(100, 1, 60));
  ASSERT_TRUE(found.per_joule && found.per_watt_by_query && found.per_watt_by_time && found.joules_per_query);
  EXPECT_EQ(found.queries, 100U);
  EXPECT_DOUBLE_EQ(found.joules_per_query->value, 12.5);
  EXPECT_DOUBLE_EQ(found.per_joule->value, 60 / 1250.0);
  EXPECT_DOUBLE_EQ(found.per_watt_by_query->value, 60 / 30000.0);
  EXPECT_DOUBLE_EQ(found.per_watt_by_time->value, 0.6 / (1250 / 250.0));
  // Power is the same for all, so only the score varies: sd of its logarithm is sqrt(0.4 / 0.6 / 99).
  const auto half = std::log(found.per_watt_by_query->bounds.upper / found.per_watt_by_query->value);
  EXPECT_NEAR(half, student_t95(99) * std::sqrt(0.4 / 0.6 / 99), 1e-3);
  EXPECT_NEAR(std::log(found.per_watt_by_query->value / found.per_watt_by_query->bounds.lower), half, 1e-12);
}

TEST(ClusteredEfficiency, RepeatsDoNotNarrowTheBounds) {
  const auto once = clustered_efficiency(panel(500, 1, 350)), often = clustered_efficiency(panel(500, 100, 350));
  ASSERT_TRUE(once.per_joule && often.per_joule);
  EXPECT_NEAR(often.per_joule->bounds.lower, once.per_joule->bounds.lower, 1e-9);
  EXPECT_NEAR(often.per_joule->bounds.upper, once.per_joule->bounds.upper, 1e-9);
}

TEST(ClusteredEfficiency, WhatCannotBeToldIsAbsent) {
  const struct {
    const char* name;
    Rows rows;
    bool joules_per_query, per_joule;
  } cases[] = {{"nothing", {}, false, false},
               {"29 queries", panel(29, 1, 29), false, false},
               {"four right", panel(100, 1, 4), true, false},
               {"five right", panel(100, 1, 5), true, true},
               {"no joules", panel(100, 1, 50, 0), false, false}};
  for (const auto& c : cases) {
    const auto found = clustered_efficiency(c.rows);
    EXPECT_EQ(found.joules_per_query.has_value(), c.joules_per_query) << c.name;
    EXPECT_EQ(found.per_joule.has_value(), c.per_joule) << c.name;
  }
}

// The whole table, 2,000 runs each, is printed by tests/bench/interval_coverage.
TEST(Coverage, OfSimulatedRuns) {
  const struct {
    const char* name;
    Scenario scenario;
  } cases[] = {{"100 queries, long tails", {100, 1, 0.95, 1.0, 1024}},
               {"300 queries", {300, 1, 0.5, 0.6, 1024}},
               {"a panel twice", {200, 2, 0.7, 0.6, 1024}},
               {"a panel 20 times", {100, 20, 0.3, 0.6, 1024}},
               {"a slice's few clusters", {500, 1, 0.7, 0.6, 64}}};
  constexpr int kRuns = 400;
  const double slack = 3 * std::sqrt(0.95 * 0.05 / kRuns);
  for (const auto& c : cases) {
    const auto covered = IntervalSimulation(c.scenario).run(kRuns, 7);
    for (std::size_t i = 0; i < covered.size(); ++i) {
      EXPECT_GE(covered[i], 0.95 - slack) << c.name << ": " << kFigures[i];
      EXPECT_LE(covered[i], 0.95 + slack) << c.name << ": " << kFigures[i];
    }
  }
}

}  // namespace
}  // namespace ipw
