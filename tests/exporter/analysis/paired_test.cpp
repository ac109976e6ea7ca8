#include "exporter/analysis/paired.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/statistics/clustered.hpp"

namespace ipw {
namespace {

// Pairs of results: the target's and the reference's.
struct World {
  std::vector<std::string> ids;
  std::vector<std::pair<QueryResult, QueryResult>> results;

  void add(bool now, bool before, double joules, double joules_before) {
    ids.push_back("q" + std::to_string(ids.size()));
    const auto made = [](bool solved, double spent) {
      QueryResult result;
      result.solved = solved;
      result.score = solved ? 1 : 0;
      if (spent > 0) result.energy[0] = Drawn{Joules{spent}, probes::Quality::measured};
      result.seconds = Seconds{2};
      return result;
    };
    results.emplace_back(made(now, joules), made(before, joules_before));
  }
  PairedComparison compared() const {
    std::vector<ComparedQuery> queries;
    for (std::size_t i = 0; i < ids.size(); ++i)
      queries.push_back({ids[i], i % 2 == 0 ? "law" : "physics", {&results[i].first, &results[i].second}});
    return compare_pairs("new", queries);
  }
};

TEST(Paired, WhatMoved) {
  World world;
  for (int i = 0; i < 40; ++i) world.add(i % 4 != 0, i % 5 != 0, 110, 100);
  world.add(true, false, 0, 100);
  world.add(false, false, 300, 100);
  world.add(true, true, 20, 100);
  const auto paired = world.compared();
  EXPECT_EQ(paired.all.queries, 43U);
  EXPECT_EQ(paired.all.gained, 7U);  // 5, 10, 15, 25, 30, 35 and the one without a meter
  EXPECT_EQ(paired.all.lost, 8U);    // 4, 8, 12, 16, 24, 28, 32, 36
  EXPECT_EQ(paired.all.both + paired.all.neither, 28U);
  EXPECT_EQ(paired.all.metered, 42U) << "unknown is not 0";
  ASSERT_TRUE(paired.all.accuracy && paired.all.energy && paired.all.duration);
  EXPECT_NEAR(paired.all.accuracy->value, -1.0 / 43, 1e-12);
  EXPECT_LT(paired.all.accuracy->bounds.lower, -1.0 / 43);
  EXPECT_GT(paired.all.accuracy->bounds.upper, -1.0 / 43);
  EXPECT_NEAR(paired.all.energy->value, (40 * 110 + 320) / 4200.0, 1e-12);
  EXPECT_EQ(paired.all.duration->value, 1);
  EXPECT_EQ(paired.subjects.size(), 2U);
  EXPECT_FALSE(paired.subjects.at("law").accuracy) << "22 are too few";
  EXPECT_EQ(paired.gained.size(), 7U);
  EXPECT_EQ(paired.gained.front().id, "q5");
  EXPECT_EQ(paired.dearer.front().id, "q41");
  EXPECT_EQ(paired.dearer.size(), PairedComparison::kShown);
  ASSERT_EQ(paired.cheaper.size(), 1U);
  EXPECT_EQ(paired.cheaper.front().joules, 20);
}

TEST(Paired, WhereNothingMovedTheBoundsAreNotNothing) {
  World world;
  for (std::uint64_t i = 0; i < kMinimumQueries; ++i) world.add(true, true, 10, 10);
  const auto paired = world.compared();
  ASSERT_TRUE(paired.all.accuracy && paired.all.energy);
  EXPECT_EQ(paired.all.accuracy->value, 0);
  EXPECT_NEAR(paired.all.accuracy->bounds.upper, 1.96 / 32, 1e-3) << "Agresti and Min: sqrt(1/n) / sqrt(n), n = 32";
  EXPECT_EQ(paired.all.energy->bounds.lower, 1);
  EXPECT_TRUE(paired.dearer.empty() && paired.cheaper.empty());
}

}  // namespace
}  // namespace ipw
