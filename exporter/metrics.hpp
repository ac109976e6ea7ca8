#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/published.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// Renders one immutable snapshot as metric families (CONTRACT, "Metrics"). Thread-safe; takes no lock that the hardware
// or the replay holds, and changes nothing that anyone else sees.
class MetricsView final : public prometheus::Collectable {
 public:
  explicit MetricsView(const Published<Snapshot>& snapshots) : snapshots_(snapshots) {}
  std::vector<prometheus::MetricFamily> Collect() const override;
  // The latest snapshot as text. Rendered once per snapshot, however many ask.
  std::shared_ptr<const std::string> text() const;

 private:
  struct Rendered {
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const std::string> text;
  };
  const Published<Snapshot>& snapshots_;
  mutable Guarded<Rendered> rendered_;
};

std::vector<prometheus::MetricFamily> families(const Snapshot& snapshot);

// The Prometheus text format, version 0.0.4: HELP escaped, NaN and +Inf spelled as the format wants, shortest digits
// that read back the same, series in a stable order.
void append_text(std::string& out, const prometheus::MetricFamily& family);
std::string render_text(const std::vector<prometheus::MetricFamily>& families);
// The same text as that of families(snapshot), of which no more than a few exist at a time. `bytes_expected` spares
// growing it step by step.
std::string render_text(const Snapshot& snapshot, std::size_t bytes_expected = 0);

}  // namespace ipw
