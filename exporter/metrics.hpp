#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <vector>

#include "base/published.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// Renders one immutable snapshot as metric families (CONTRACT, "Metrics"). Thread-safe; takes no lock that the hardware
// or the replay holds, and changes nothing.
class MetricsView final : public prometheus::Collectable {
 public:
  explicit MetricsView(const Published<Snapshot>& snapshots) : snapshots_(snapshots) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Published<Snapshot>& snapshots_;
};

std::vector<prometheus::MetricFamily> families(const Snapshot& snapshot);

// The Prometheus text format, version 0.0.4: HELP escaped, NaN and +Inf spelled as the format wants, shortest digits that
// read back the same, series in a stable order.
std::string render_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace ipw
