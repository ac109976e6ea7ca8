#include <array>

#include "exporter/metrics_builder.hpp"
#include "exporter/regression/target_watch.hpp"

namespace ipw::metrics {
namespace {

using enum prometheus::MetricType;

constexpr std::array kDecisions{Decision::ok, Decision::warming_up, Decision::regressed, Decision::incomparable};

double unix_seconds(WallTime at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

Labels of_test(const Labels& target, const TestedQuantity& tested) {
  auto all = labels(target, {{"quantity", to_text(tested.quantity)}});
  if (!tested.metered) return all;
  return labels(all, {{"scope", to_text(tested.metered->scope)}, {"quality", to_text(tested.metered->quality)}});
}

struct TestFamilies {
  Family detected{"ipw_regression_detected", "Whether it is worse than the baseline by more than the margin.", Gauge};
  Family evidence{"ipw_regression_log_e_value",
                  "Natural logarithm of the evidence for that; while detected, of the evidence that it is over.",
                  Gauge};
  Family threshold{"ipw_regression_log_threshold", "The evidence at which that is decided.", Gauge};
  Family ratio{"ipw_change_ratio", "Current over baseline.", Gauge};
  Family lower{"ipw_change_ratio_lower", "Its lower 95 % bound, valid at all times at once.", Gauge};
  Family upper{"ipw_change_ratio_upper", "Its upper 95 % bound, valid at all times at once.", Gauge};
  Family queries{"ipw_regression_queries", "Queries in which the change is seen.", Gauge};
  Family taken{"ipw_regression_queries_to_alarm", "Of these, how many there were when it was detected.", Gauge};

  void add(const Labels& target, const TestResult& test) {
    const auto labels = of_test(target, test.tested);
    detected.add(labels, test.decision == Decision::regressed ? 1.0 : 0.0);
    if (test.decision != Decision::ok && test.decision != Decision::regressed) return;
    evidence.add(labels, test.log_e_value);
    threshold.add(labels, test.log_threshold);
    queries.add(labels, test.queries);
    if (test.queries_to_alarm) taken.add(labels, *test.queries_to_alarm);
    if (!test.ratio) return;
    ratio.add(labels, test.ratio->value);
    lower.add(labels, test.ratio->bounds.lower);
    upper.add(labels, test.ratio->bounds.upper);
  }
  void move_to(const Sink& out) {
    for (auto* family : {&detected, &evidence, &threshold, &ratio, &lower, &upper, &queries, &taken})
      family->move_to(out);
  }
};

}  // namespace

void add_regressions(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  TestFamilies tests;
  Family states("ipw_regression_state", "What can be said of the target: one of the states is 1.", Gauge);
  Family baselines("ipw_baseline_info", "What it is compared with.", Gauge);
  Family accepted("ipw_baseline_timestamp_seconds", "When that became the baseline, Unix time.", Gauge);
  Family epochs("ipw_epoch_start_timestamp_seconds", "When what runs was changed last.", Gauge);
  for (std::size_t t = 0; t < names.size(); ++t) {
    const auto& shown = snapshot.targets[t].regression;
    if (!shown) continue;
    for (const auto& test : shown->state.tests) tests.add(names[t], test);
    for (const auto decision : kDecisions)
      states.add(labels(names[t], {{"state", to_text(decision)}}), shown->decision == decision ? 1.0 : 0.0);
    epochs.add(labels(names[t], {{"epoch", shown->epoch.digest}}), unix_seconds(shown->epoch.since));
    if (const auto& entry = shown->baseline) {
      accepted.add(names[t], unix_seconds(entry->since));
      baselines.add(
          labels(names[t], {{"epoch", entry->epoch},
                            {"origin", to_text(entry->origin)},
                            {"cycles", std::to_string(entry->first_cycle) + "-" + std::to_string(entry->last_cycle)},
                            {"items", std::to_string(shown->baseline_items)}}),
          1.0);
    }
  }
  tests.move_to(out);
  for (auto* family : {&states, &baselines, &accepted, &epochs}) family->move_to(out);
}

void add_facts(Labels& labels, const TargetRegression& shown) {
  labels.push_back({"epoch", shown.epoch.digest});
  for (const auto* name : {"engine_version", "model_digest", "quantization", "dtype", "chat_template", "driver",
                           "power_cap_watts", "partition", "request"})
    if (const auto fact = shown.epoch.facts.find(name); fact != shown.epoch.facts.end())
      labels.push_back({name, fact->second});
}

}  // namespace ipw::metrics
