#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sources/prometheus_series.hpp"

namespace ipw::probes::sources {

// The rows of an exporter's answers that give one value.
struct PrometheusSeries {
  PrometheusRule rule;
  std::string device;                   // Device::id
  std::vector<PrometheusLabel> labels;  // of the row that was first found

  // The row with the labels of old; where it is gone, the first of those that the exporter repeats for the same device
  // of the same machine (labels such as the pod's change while the counter stays). Errors: unavailable, when there is
  // none, or several that do not repeat one another.
  Result<const PrometheusSample*> find(std::span<const PrometheusSample> samples) const;
};

struct PrometheusChannel {
  Channel channel;
  PrometheusSeries series;
  std::optional<PrometheusSeries> power;  // beside a counter
};

// One channel for each domain of each device that the rules find, in the order of the rules and the page. Rows that
// repeat a device's reading are one. Errors: unavailable, with what is there, when the rows do not tell clearly: those
// of several machines, several for one device, more than 64, none.
Result<std::vector<PrometheusChannel>> plan_prometheus_channels(std::span<const PrometheusSample> samples,
                                                                std::span<const PrometheusRule> rules);

}  // namespace ipw::probes::sources
