#pragma once

#include <prometheus/metric_family.h>

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/accounting/histogram.hpp"
#include "exporter/accounting/snapshot.hpp"

// The words in which metrics*.cpp speak of families and series.
namespace ipw::metrics {

// The exemplars of each metric of a family, by bucket: beside the family, whose type has no place for them. Empty where
// the family has none; what they refer to is the snapshot.
using Exemplars = std::vector<std::span<const Exemplar>>;
using Sink = std::function<void(prometheus::MetricFamily&&, const Exemplars&)>;
using Labels = std::vector<prometheus::ClientMetric::Label>;
using MoreLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Labels keep the order in which they are given.
inline Labels labels(const Labels& base, MoreLabels more) {
  Labels all;
  all.reserve(base.size() + more.size());
  all.insert(all.end(), base.begin(), base.end());
  for (const auto& [name, value] : more) all.push_back({std::string(name), std::string(value)});
  return all;
}

// One family under construction.
class Family {
 public:
  Family(std::string_view name, std::string_view help, prometheus::MetricType type)
      : family_{std::string(name), std::string(help), type, {}} {}

  void reserve(std::size_t series) { family_.metric.reserve(series); }
  void add(Labels labels, double value) {
    auto& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    if (family_.type == prometheus::MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
  }
  void add(Labels labels, std::uint64_t value) { add(std::move(labels), static_cast<double>(value)); }
  // REQUIRES: `histogram` outlives the family.
  void add(Labels labels, const Histogram& histogram);

  // What has no series is not shown.
  void move_to(const Sink& out) {
    if (!family_.metric.empty()) out(std::move(family_), exemplars_);
  }

 private:
  prometheus::MetricFamily family_;
  Exemplars exemplars_;
};

// What the snapshot tells about energy, family by family, in a fixed order. `targets` are the labels T, by target.
void add_energy(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out);

// What it tells about judging: the model that judges, its quality, coverage, other slices, tries.
void add_judging(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out);

// What it tells about regressions; and what runs, as labels of `ipw_target_info`.
void add_regressions(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out);
void add_facts(Labels& labels, const TargetRegression& shown);
// The windows' figures with their bounds, family by family; and how far the cycle is.
void add_windows(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out);

// What energy emits and costs, where rates are configured.
void add_rates(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out);

}  // namespace ipw::metrics
