#pragma once

#include <optional>

#include "exporter/accounting/interval.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

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
