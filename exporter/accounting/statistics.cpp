#include "exporter/accounting/statistics.hpp"

namespace ipw {

std::optional<double> mean(const Histogram& histogram) {
  return ratio(histogram.sum(), static_cast<double>(histogram.count()));
}

VerdictCounts all_verdicts(const TargetSnapshot& target) {
  VerdictCounts all;
  for (const auto& [slice, counts] : target.verdicts) {
    for (std::size_t i = 0; i < counts.by_kind.size(); ++i) all.by_kind[i] += counts.by_kind[i];
    all.score += counts.score;
  }
  return all;
}

Metered all_metered(const TargetEnergy& energy) {
  Metered all;
  for (const auto& [slice, metered] : energy.metered) {
    all.queries += metered.queries;
    all.score += metered.score;
    all.energy += metered.energy;
    all.seconds += metered.seconds;
    all.watts += metered.watts;
  }
  return all;
}

Efficiency efficiency(const Metered& metered) {
  const auto n = static_cast<double>(metered.queries);
  Efficiency result;
  result.joules_per_query = ratio(metered.energy.value, n);
  result.per_joule = ratio(metered.score, metered.energy.value);
  result.per_watt_by_query = ratio(metered.score, metered.watts);
  const auto score = ratio(metered.score, n);
  const auto power = ratio(metered.energy.value, metered.seconds.value);
  if (score && power) result.per_watt_by_time = ratio(*score, *power);
  return result;
}

}  // namespace ipw
