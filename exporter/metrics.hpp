#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/published.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// What a scraper may ask for.
enum class TextFormat { prometheus, openmetrics };
constexpr std::size_t kTextFormats = 2;

// Renders one immutable snapshot as metric families (CONTRACT, "Metrics"). Thread-safe; takes no lock that the hardware
// or the replay holds, and changes nothing that anyone else sees.
class MetricsView final : public prometheus::Collectable {
 public:
  explicit MetricsView(const Published<Snapshot>& snapshots) : snapshots_(snapshots) {}
  std::vector<prometheus::MetricFamily> Collect() const override;
  // The latest snapshot as text. Rendered once per snapshot and format, however many ask.
  std::shared_ptr<const std::string> text(TextFormat format = TextFormat::prometheus) const;

 private:
  struct Rendered {
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const std::string> text;
  };
  const Published<Snapshot>& snapshots_;
  mutable std::array<Guarded<Rendered>, kTextFormats> rendered_;
};

std::vector<prometheus::MetricFamily> families(const Snapshot& snapshot);

// The Prometheus text format, version 0.0.4, or OpenMetrics 1.0 with exemplars (`exemplars` by metric and bucket, or
// empty): HELP escaped, NaN and +Inf spelled as the format wants, shortest digits that read back the same, series in a
// stable order. Bounds of buckets are spelled alike in both, so that a change of the format begins no new series.
// REQUIRES: the family is one of counters, gauges or histograms.
void append_text(std::string& out, TextFormat format, const prometheus::MetricFamily& family,
                 std::span<const std::span<const Exemplar>> exemplars = {});
void append_end(std::string& out, TextFormat format);
std::string render_text(const std::vector<prometheus::MetricFamily>& families);
// The same text as that of families(snapshot), of which no more than a few exist at a time. `bytes_expected` spares
// growing it step by step.
std::string render_text(const Snapshot& snapshot, TextFormat format = TextFormat::prometheus,
                        std::size_t bytes_expected = 0);

}  // namespace ipw
