#pragma once

#include <array>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/analysis/finished_queries.hpp"
#include "exporter/analysis/line_fit.hpp"
#include "exporter/analysis/point_sample.hpp"
#include "exporter/analysis/power_over_time.hpp"

namespace ipw {

// What a line is fitted to. The published harness fits `time_to_first_token` over `input_tokens`; `energy`, `latency`
// and `power` over `total_tokens`; and `power` over `log_total_tokens` (METHODOLOGY, "Fitted lines").
enum class FitX { input_tokens, output_tokens, total_tokens, log_total_tokens };
enum class FitY { time_to_first_token, latency, energy, power, log_power };
constexpr std::size_t kFitX = 4, kFitY = 5;
std::string_view to_text(FitX x);
std::string_view to_text(FitY y);
// Its name in the published harness; empty where it makes no such fit.
std::string_view published_name(FitX x, FitY y);

// Lines of the quantities in y over each x.
using FitSums = std::array<std::array<LineSums, kFitX>, kFitY>;

// Distributions: the values themselves, 4 bytes each.
using Values = std::vector<float>;

// What answered queries drew in one scope.
struct ScopeFigures {
  FitSums fits;  // of energy, power and log power
  Values joules, watts;
  PowerOverTime power;
};

// What the plots and tables of a report show of one target's queries, each with all its attempts. Of answered ones:
// failures are shown apart. Queries come in any order.
class QueryFigures {
 public:
  void add(const FinishedQuery& query);

  const FitSums& fits() const { return fits_; }  // of time to first token and latency
  const std::map<EnergyLabels, ScopeFigures>& scopes() const { return scopes_; }
  const PointSample& points() const { return points_; }
  const Values& latencies() const { return latencies_; }
  const Values& first_tokens() const { return first_tokens_; }
  const Values& output_tokens() const { return output_tokens_; }
  const std::pair<WallTime, WallTime>& time() const { return time_; }  // from the first sending to the last end

 private:
  void add_scope(const FinishedQuery& query, probes::Scope scope, QueryPoint& point);

  FitSums fits_;
  std::map<EnergyLabels, ScopeFigures> scopes_;
  PointSample points_;
  Values latencies_, first_tokens_, output_tokens_;
  std::pair<WallTime, WallTime> time_{WallTime::max(), WallTime::min()};
};

// The x of a point for a fit; nothing where it is not known, or has no logarithm.
std::optional<double> x_of(const QueryPoint& point, FitX x);

}  // namespace ipw
