#pragma once

#include <memory>
#include <vector>

#include "exporter/regression/target_watch.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw::testing {

inline WindowFigures complete_window() {
  WindowFigures window{.window = "1h", .all = {}, .slices = {}};
  const Estimate estimate{0.5, {0.4, 0.6}};
  window.all.accuracy = estimate;
  auto& energy = window.all.energy[{probes::Scope::accelerator, probes::Quality::measured}];
  energy.per_joule = energy.per_watt_by_query = energy.per_watt_by_time = energy.joules_per_query = estimate;
  return window;
}

inline TargetRegression complete_regression() {
  TargetRegression shown;
  shown.epoch = {"0123456789abcdef", sample_time(), {}};
  for (const auto* fact : {"engine_version", "model_digest", "quantization", "dtype", "chat_template", "driver",
                           "power_cap_watts", "partition", "request"})
    shown.epoch.facts[fact] = "known";
  shown.baseline = BaselineEntry{1, "local", "mmlu-pro", shown.epoch.digest, 1, 5, BaselineOrigin::automatic, {}};
  shown.decision = Decision::regressed;
  TestResult test;
  test.tested.quantity = WatchedQuantity::energy;
  test.tested.metered = MeteredScope{probes::Scope::accelerator, probes::Quality::measured};
  test.decision = Decision::regressed;
  test.ratio = Change{1.1, {1.05, 1.15}};
  test.queries_to_alarm = 120;
  shown.state.tests.push_back(test);
  return shown;
}

inline TargetSnapshot complete_target() {
  auto target = sample_target();
  target.extra[{"level", "hard"}] = {};
  target.agreement = {kMinimumCompared, 1, 1, kMinimumCompared, 0, 0};
  target.by_model = {kMinimumCompared, kMinimumCompared, 0};
  target.failures.emplace(failure_buckets());
  target.cost_usd = 0.5;
  target.last_query = sample_time();
  target.server_running = target.server_waiting = 1;
  target.foreign = {1, 1};
  target.budget_remaining = {{"queries", 0.5}};
  target.regression = std::make_shared<const TargetRegression>(complete_regression());
  target.windows = std::make_shared<const std::vector<WindowFigures>>(1, complete_window());
  target.billed[{probes::Scope::accelerator, probes::Quality::measured}] = {};
  return target;
}

// Everything that a sidecar may know is known: every metric has a series.
inline Snapshot complete_snapshot() {
  auto snapshot = sample_snapshot();
  snapshot.targets = {complete_target()};
  snapshot.judge.emplace();
  snapshot.judge->info = {"judge", "http://127.0.0.1:8001/v1", {{"llm", "0123456789abcdef"}}};
  snapshot.judge->cost_usd = 0.5;
  snapshot.coverage = CoverageSnapshot{0, {{{"law", {10, 9}}}}, {{"law", {10, 9}}}, false};
  snapshot.carbon = RateSnapshot{400, ""};
  snapshot.electricity = RateSnapshot{0.25, "EUR"};
  snapshot.books[0].split.idle_floor = Watts{80};
  snapshot.channels[0].update_period = Seconds{0.1};
  snapshot.devices[0].now.clock_cap_hertz = 1.98e9;
  return snapshot;
}

}  // namespace ipw::testing
