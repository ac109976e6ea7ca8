#include "exporter/regression/monitor.hpp"

#include <gtest/gtest.h>

#include "tests/support/panel_world.hpp"

namespace ipw {
namespace {

MonitorOptions one_a_minute(std::size_t targets, double false_alarms_per_year) {
  MonitorOptions options;
  options.queries_per_year = 525'960;
  options.targets = targets;
  options.false_alarms_per_year = false_alarms_per_year;
  return options;
}

struct Watched {
  explicit Watched(std::size_t items, bool declared, std::uint64_t seed = 1, double discordance = 0.06)
      : world(made_up_panel(items, 0.6, discordance), {.energy = 0.1, .latency = 0.1}, seed),
        baseline(std::make_shared<const PanelBaseline>(*world.baseline(10))),
        monitor(baseline, one_a_minute(1, 1), declared) {}

  void watch(std::size_t queries) {
    for (std::size_t i = 0; i < queries; ++i) monitor.add(world.next());
  }
  TestResult of(WatchedQuantity quantity) const {
    for (const auto& test : monitor.state().tests)
      if (test.tested.quantity == quantity) return test;
    return {};
  }

  PanelWorld world;
  std::shared_ptr<const PanelBaseline> baseline;
  RegressionMonitor monitor;
};

TEST(RegressionMonitor, NamesWhatGotWorse) {
  const struct {
    const char* name;
    void (*change)(PanelWorld&);
    WatchedQuantity first;
    double ratio;
  } cases[] = {
      {"accuracy",
       [](PanelWorld& world) {
         for (auto& item : world.items) item.right *= 0.8;
       },
       WatchedQuantity::accuracy, 0.8},
      {"energy",
       [](PanelWorld& world) {
         for (auto& item : world.items) item.log_joules += std::log(1.3);
       },
       WatchedQuantity::energy, 1.3},
      {"latency",
       [](PanelWorld& world) {
         for (auto& item : world.items) item.log_seconds += std::log(1.2);
       },
       WatchedQuantity::latency, 1.2},
  };
  for (const auto& c : cases) {
    Watched watched(200, true);
    EXPECT_EQ(watched.monitor.state().decision, Decision::ok) << c.name;
    c.change(watched.world);
    watched.watch(1'500);
    EXPECT_EQ(watched.monitor.state().decision, Decision::regressed) << c.name;
    const auto test = watched.of(c.first);
    EXPECT_EQ(test.decision, Decision::regressed) << c.name;
    ASSERT_TRUE(test.ratio) << c.name;
    EXPECT_NEAR(test.ratio->value, c.ratio, 0.05) << c.name;
    EXPECT_LT(test.ratio->bounds.lower, c.ratio) << c.name;
    EXPECT_GT(test.ratio->bounds.upper, c.ratio) << c.name;
    EXPECT_FALSE(test.no_worse) << c.name;
    EXPECT_EQ(test.points.has_value(), c.first == WatchedQuantity::accuracy) << c.name;
  }
}

TEST(RegressionMonitor, NamesWhatMovedMost) {
  Watched watched(140, true);
  for (auto& item : watched.world.items)
    if (item.subject == "subject 3") item.log_joules += std::log(2);
  watched.world.items[45].log_joules += 2;  // of subject 3
  watched.watch(1'400);
  const auto energy = watched.of(WatchedQuantity::energy);
  ASSERT_EQ(energy.items.size(), 10U);
  EXPECT_EQ(energy.items[0].query_id, "q45");
  EXPECT_NEAR(energy.items[0].current / energy.items[0].baseline, 2 * std::exp(2), 1.5);
  for (const auto& item : energy.items) EXPECT_EQ(item.subject, "subject 3") << item.query_id;
  ASSERT_EQ(energy.subjects.size(), 7U);
  EXPECT_EQ(energy.subjects[0].subject, "subject 3");
  EXPECT_EQ(energy.subjects[0].items, 20U);
  EXPECT_NEAR(energy.subjects[0].part, (20 * std::log(2) + 2) / 140, 0.02);
}

TEST(RegressionMonitor, AcceptsWhatIsNoWorse) {
  Watched watched(200, true, 3, 0.01);
  watched.watch(20);
  EXPECT_FALSE(watched.monitor.state().no_worse);
  watched.watch(4'000);
  const auto state = watched.monitor.state();
  EXPECT_TRUE(state.no_worse);
  EXPECT_EQ(state.compared, 4'020U);
  for (const auto& test : state.tests) {
    EXPECT_EQ(test.decision, Decision::ok) << to_text(test.tested.quantity);
    EXPECT_NEAR(test.ratio->value, 1, 0.05) << to_text(test.tested.quantity);
    EXPECT_LE(test.ratio->bounds.lower, 1) << to_text(test.tested.quantity);
    EXPECT_GE(test.ratio->bounds.upper, 1) << to_text(test.tested.quantity);
  }
}

TEST(RegressionMonitor, NeverMixesPanels) {
  Watched watched(50, false);
  auto query = watched.world.next();
  query.query_id = "of another panel";
  for (int i = 0; i < 19; ++i) watched.monitor.add(query);
  EXPECT_EQ(watched.monitor.state().passed_over, 19U);
  EXPECT_EQ(watched.monitor.state().compared, 0U);
  EXPECT_EQ(watched.monitor.state().decision, Decision::ok) << "too early to say";
  EXPECT_FALSE(watched.monitor.state().tests[0].ratio);
  watched.monitor.add(query);
  EXPECT_EQ(watched.monitor.state().decision, Decision::incomparable);
  EXPECT_EQ(watched.monitor.state().tests[0].decision, Decision::incomparable);
}

TEST(RegressionMonitor, AMeterWithoutABaselineWaits) {
  Watched watched(50, false);
  auto query = watched.world.next();
  query.energy.push_back({.scope = probes::Scope::wall, .quality = probes::Quality::measured, .gross = Joules{70}});
  watched.monitor.add(query);
  const auto state = watched.monitor.state();
  ASSERT_EQ(state.tests.size(), 5U);
  EXPECT_EQ(state.tests[4].decision, Decision::warming_up);
  EXPECT_EQ(state.tests[4].tested.metered->scope, probes::Scope::wall);
  EXPECT_FALSE(state.tests[4].ratio);
}

TEST(RegressionMonitor, SplitsOneBudget) {
  Watched watched(50, false);
  const auto log_threshold = [&](std::size_t targets, double false_alarms) {
    return RegressionMonitor(watched.baseline, one_a_minute(targets, false_alarms), false)
        .state()
        .tests[0]
        .log_threshold;
  };
  EXPECT_NEAR(log_threshold(1, 1), std::log(2 * 4 * 525'960), 1e-9);
  EXPECT_NEAR(log_threshold(3, 1), std::log(2 * 12 * 525'960), 1e-9);
  EXPECT_NEAR(log_threshold(1, 8), std::log(525'960), 1e-9);
}

// A model that always says the same: one other answer is no regression, five are.
TEST(RegressionMonitor, ScoresThatNeverVaried) {
  Watched watched(200, false, 1, 0);
  watched.watch(1'000);
  watched.world.items[0].right = 0;
  watched.watch(400);
  EXPECT_EQ(watched.of(WatchedQuantity::accuracy).decision, Decision::ok);
  for (int i = 1; i < 9; ++i) watched.world.items[static_cast<std::size_t>(i)].right = 0;
  watched.watch(400);
  EXPECT_EQ(watched.of(WatchedQuantity::accuracy).decision, Decision::regressed);
}

// A new model answers 6 % of the items otherwise for good, as many better as worse, and each at another cost.
TEST(RegressionMonitor, ChurnWithoutChangeIsSilent) {
  int accuracy = 0, energy = 0;
  constexpr int kEpochs = 200;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    Watched watched(100, true, static_cast<std::uint64_t>(1'000 + epoch));
    auto& items = watched.world.items;  // the first 60 are right
    for (const std::size_t i : {3U, 30U, 50U, 70U, 80U, 90U}) items[i].right = 1 - items[i].right;
    for (std::size_t i = 0; i < items.size(); ++i) items[i].log_joules += i % 2 == 0 ? 0.2 : -0.2;
    watched.watch(300);
    accuracy += watched.of(WatchedQuantity::accuracy).alarms > 0 ? 1 : 0;
    energy += watched.of(WatchedQuantity::energy).alarms > 0 ? 1 : 0;
  }
  EXPECT_LE(accuracy, 4);  // the budget of a declared change is 1 in 96
  EXPECT_LE(energy, 4);
}

TEST(RegressionMonitor, IsSilentForMonths) {
  Watched watched(100, false, 9);
  watched.watch(40'000);
  for (const auto& test : watched.monitor.state().tests) EXPECT_EQ(test.alarms, 0U) << to_text(test.tested.quantity);
}

TEST(Decision, HasAName) {
  EXPECT_EQ(to_text(Decision::ok), "ok");
  EXPECT_EQ(to_text(Decision::warming_up), "warming_up");
  EXPECT_EQ(to_text(Decision::regressed), "regressed");
  EXPECT_EQ(to_text(Decision::incomparable), "incomparable");
}

}  // namespace
}  // namespace ipw
