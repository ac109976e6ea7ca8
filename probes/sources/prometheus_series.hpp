#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sources/prometheus_selector.hpp"

namespace ipw::probes::sources {

// J mJ uJ Wh kWh, counted so far; W mW uW, right now.
struct PrometheusUnit {
  std::string_view name;
  bool energy;
  double factor;  // to joules or watts
};
std::optional<PrometheusUnit> find_prometheus_unit(std::string_view name);
std::string_view prometheus_units();  // for messages

// What some series of an exporter mean. `device`, `channel` and `model` are templates: `{label}` stands for that
// label's value, `{#}` for a number from 0, `a|b` for b where a label of a is absent, empty or "N/A".
struct PrometheusRule {
  std::string exporter;  // of one exporter, power may stand beside a counter; empty: the user's own words
  PrometheusSelector selector;
  std::string part_of_label, part;  // and only where that label has this in it
  std::string without;              // and has none whose path has this in it
  PrometheusUnit unit{};
  Domain domain{Domain::other};
  std::string device, channel, model;
  bool repeats{true};  // the exporter shows one reading in several rows (MIG slices, pods)

  bool matches(const PrometheusSample& sample) const;
};

// What the exporters that people run call their series, the better series of an exporter first.
std::vector<PrometheusRule> known_prometheus_rules();
std::string known_prometheus_exporters();  // their names, for messages

// Nothing when no alternative of the template has all its labels.
std::optional<std::string> fill_template(std::string_view text, const PrometheusSample& sample, std::size_t number);

}  // namespace ipw::probes::sources
