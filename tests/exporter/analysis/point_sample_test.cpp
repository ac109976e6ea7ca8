#include "exporter/analysis/point_sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "exporter/analysis/power_over_time.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

using ::testing::ElementsAre;
using testing::wall;

std::vector<QueryPoint> points(int n) {
  std::vector<QueryPoint> all(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    all[static_cast<std::size_t>(i)].id = "attempt/" + std::to_string(i);
    all[static_cast<std::size_t>(i)].sent_at = wall(i * 1'000'000LL);
  }
  return all;
}

std::vector<std::string> kept(const std::vector<QueryPoint>& all, std::size_t limit) {
  PointSample sample(limit);
  for (const auto& point : all) sample.add(point);
  EXPECT_EQ(sample.seen(), all.size());
  std::vector<std::string> ids;
  for (const auto& point : sample.points()) ids.push_back(point.id);
  return ids;
}

TEST(PointSample, FewAreKeptAll) {
  EXPECT_THAT(kept(points(3), 3), ElementsAre("attempt/0", "attempt/1", "attempt/2"));
}

TEST(PointSample, ManyAreThinnedTheSameWayInWhateverOrderTheyCome) {
  auto all = points(10'000);
  const auto forward = kept(all, 500);
  ASSERT_EQ(forward.size(), 500U);
  std::ranges::reverse(all);
  EXPECT_EQ(kept(all, 500), forward);
  const auto early = std::ranges::count_if(forward, [](const auto& id) { return std::stoi(id.substr(8)) < 5000; });
  EXPECT_NEAR(static_cast<double>(early), 250, 60) << "no part of the run is preferred";
}

TEST(PointSample, TheHashIsTheSameEverywhere) {
  EXPECT_EQ(stable_hash("attempt/1"), 0x8b572efcb298da1dU);
}

TEST(PowerOverTime, MeanByStepAndGaps) {
  PowerOverTime power;
  power.add(wall(10'000'000), wall(12'000'000), Watts{100});
  power.add(wall(11'500'000), wall(12'000'000), Watts{400});
  power.add(wall(20'000'000), wall(20'500'000), Watts{50});
  power.add(wall(30'000'000), wall(30'000'000), Watts{1e9});
  const auto steps = power.steps();
  EXPECT_EQ(power.step().value, 1);
  ASSERT_EQ(steps.size(), 3U) << "an instant is nothing, and where nothing ran there is no step";
  EXPECT_EQ(steps[0].begin, 10);
  EXPECT_EQ(steps[0].power.value, 100);
  EXPECT_EQ(steps[1].power.value, (100 * 1 + 400 * 0.5) / 1.5);
  EXPECT_EQ(steps[2].begin, 20);
}

TEST(PowerOverTime, LongRunsHaveLongerSteps) {
  PowerOverTime power;
  for (std::int64_t i = 0; i < 100'000; ++i) power.add(wall(i * 1'000'000), wall((i + 1) * 1'000'000), Watts{7});
  EXPECT_LE(power.steps().size(), PowerOverTime::kSteps);
  EXPECT_EQ(power.step().value, 128);
  EXPECT_NEAR(power.steps().front().power.value, 7, 1e-9);
  PowerOverTime ages;
  ages.add(wall(0), wall(50LL * 365 * 86'400 * 1'000'000), Watts{1});
  EXPECT_LE(ages.steps().size(), PowerOverTime::kSteps) << "a record from another age takes no ages";
}

}  // namespace
}  // namespace ipw
