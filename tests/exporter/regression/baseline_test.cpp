#include "exporter/regression/baseline.hpp"

#include <gtest/gtest.h>

#include "tests/support/panel_world.hpp"

namespace ipw {
namespace {

constexpr MeteredScope kAccelerator{probes::Scope::accelerator, probes::Quality::measured};
constexpr TestedQuantity kAccuracy{WatchedQuantity::accuracy, std::nullopt};
constexpr TestedQuantity kEnergy{WatchedQuantity::energy, kAccelerator};
constexpr TestedQuantity kIpj{WatchedQuantity::ipj, kAccelerator};

std::vector<Observation> replayed(std::size_t items, std::size_t cycles) {
  PanelWorld world(made_up_panel(items, 0.6, 0.06), {}, 1);
  std::vector<Observation> seen;
  for (std::size_t i = 0; i < items * cycles; ++i) seen.push_back(observe(world.next()));
  return seen;
}

TEST(PanelBaseline, IsSeveralCycles) {
  const struct {
    const char* name;
    std::size_t cycles, dropped_of_ten;
    const char* error;
  } cases[] = {
      {"nothing", 0, 0, "warming up: 0 of 0 queries were seen in 5 cycles"},
      {"four cycles", 4, 0, "warming up: 0 of 40 queries were seen in 5 cycles"},
      {"five", 5, 0, ""},
      {"five, most of the last one missing", 5, 9, "warming up: 4 of 40 queries were seen in 5 cycles"},
      {"five, some of the last one missing", 5, 4, ""},
  };
  for (const auto& c : cases) {
    auto seen = replayed(40, c.cycles);
    seen.resize(seen.size() - 4 * c.dropped_of_ten);
    const auto baseline = PanelBaseline::from(seen);
    EXPECT_EQ(baseline ? "" : baseline.error().message, c.error) << c.name;
    EXPECT_EQ(baseline ? baseline->items().size() : 40U, 40U) << c.name;
  }
}

TEST(PanelBaseline, KnowsItsPanel) {
  const auto baseline = PanelBaseline::from(replayed(40, 6));
  ASSERT_TRUE(baseline);
  EXPECT_EQ(baseline->cycles(), 6U);
  EXPECT_TRUE(baseline->item("q39"));
  EXPECT_FALSE(baseline->item("q40"));
  EXPECT_EQ(baseline->items()[*baseline->item("q8")].subject, "subject 1");
  EXPECT_NEAR(baseline->mean_score(), 0.6, 0.1);
  EXPECT_NEAR(*baseline->queries_per_year(), 525'960, 1) << "one a minute";
  EXPECT_EQ(baseline->references().size(), 4U);
}

TEST(PanelBaseline, TheLastCyclesCount) {
  auto seen = replayed(10, 30);
  for (auto& observation : seen)
    if (observation.cycle < 10) observation.score = 0;
  const auto baseline = PanelBaseline::from(seen);
  ASSERT_TRUE(baseline);
  EXPECT_EQ(baseline->cycles(), kMaxBaselineCycles);
  EXPECT_GT(baseline->mean_score(), 0.5);
}

TEST(PanelBaseline, TheOrderDoesNotMatter) {
  auto seen = replayed(30, 6);
  const auto before = PanelBaseline::from(seen);
  std::ranges::shuffle(seen, std::mt19937_64(5));
  const auto after = PanelBaseline::from(seen);
  ASSERT_TRUE(before && after);
  for (const auto& [tested, reference] : before->references()) {
    const auto& other = after->references().at(tested);
    EXPECT_EQ(reference.variance(), other.variance()) << to_text(tested.quantity);
    EXPECT_EQ(reference.worse()(0.7), other.worse()(0.7)) << to_text(tested.quantity);
  }
}

TEST(PanelBaseline, ValuesPointToTheWorse) {
  const auto baseline = PanelBaseline::from(replayed(30, 6));
  ASSERT_TRUE(baseline);
  Observation seen;
  seen.score = 1;
  seen.log_joules = {{kAccelerator, 5.0}};
  EXPECT_EQ(baseline->value(kAccuracy, 3, seen)->value, -1);
  EXPECT_EQ(baseline->value(kEnergy, 3, seen)->raw, 5);
  EXPECT_DOUBLE_EQ(baseline->value(kIpj, 3, seen)->raw, 5 - 1 / baseline->mean_score());
  seen.score = std::nullopt;
  EXPECT_FALSE(baseline->value(kAccuracy, 3, seen));
  EXPECT_FALSE(baseline->value(kIpj, 3, seen));
  EXPECT_TRUE(baseline->value(kEnergy, 3, seen));
}

TEST(PanelBaseline, QualitiesAreNeverMixed) {
  auto seen = replayed(20, 6);
  const auto estimated = MeteredScope{probes::Scope::accelerator, probes::Quality::estimated};
  for (auto& observation : seen)  // a meter that was there only for the last cycle
    if (observation.cycle == 5) observation.log_joules[0].metered = estimated;
  const auto baseline = PanelBaseline::from(seen);
  ASSERT_TRUE(baseline);
  EXPECT_TRUE(baseline->references().contains(kEnergy));
  EXPECT_FALSE(baseline->references().contains({WatchedQuantity::energy, estimated}));
  Observation other;
  other.log_joules = {{estimated, 5.0}};
  EXPECT_FALSE(baseline->value(kEnergy, 0, other));
}

}  // namespace
}  // namespace ipw
