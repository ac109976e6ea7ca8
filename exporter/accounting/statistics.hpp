#pragma once

#include <optional>

#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// The ends of a confidence interval.
struct Bounds {
  double lower{0}, upper{0};
};

// The Wilson 95 % interval of a proportion (Wilson 1927; METHODOLOGY, "Accuracy"): unlike mean ± 1.96 sd it stays
// within [0,1] and is honest for few queries and for none or all correct. `score` is the sum of scores in [0,1]: for
// graded scores the interval is too wide, never too narrow. REQUIRES: n > 0, 0 <= score <= n.
Bounds wilson(double score, double n);

// numerator / denominator; nothing when the denominator is not positive: unknown is not 0.
std::optional<double> ratio(double numerator, double denominator);
std::optional<double> mean(const Histogram& histogram);

// The sums over all subjects and languages.
VerdictCounts all_verdicts(const TargetSnapshot& target);
Metered all_metered(const TargetEnergy& energy);

// What metered queries say about intelligence and energy (METHODOLOGY, "IPJ and IPW"). Nothing until there is a query.
struct Efficiency {
  std::optional<double> joules_per_query;
  std::optional<double> per_joule;          // score over joules of the same queries: IPJ
  std::optional<double> per_watt_by_query;  // score over the summed mean power while each query ran: the published IPW
  std::optional<double> per_watt_by_time;   // mean score over joules per busy second
};
Efficiency efficiency(const Metered& metered);

}  // namespace ipw
