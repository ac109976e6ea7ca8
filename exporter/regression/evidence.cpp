#include "exporter/regression/evidence.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr double kRatio = 1.7;  // between two tilts; the evidence for a change between them is at most 9 % less

}  // namespace

Tilts tilts_from(double smallest, const Cumulant& psi) {
  Tilts tilts;
  double u = std::min(smallest, Cumulant::kMaxTilt);
  do {
    tilts.push_back({u, psi(u)});
    u *= kRatio;
  } while (u <= Cumulant::kMaxTilt);
  return tilts;
}

double log_evidence(const Tilts& tilts, double n, double mean) {
  double largest = -1e300;
  for (const auto& [u, psi] : tilts) largest = std::max(largest, n * (u * mean - psi));
  double sum = 0;
  for (const auto& [u, psi] : tilts) {
    const double less = n * (u * mean - psi) - largest;
    if (less > -20) sum += std::exp(less);
  }
  return largest + std::log(sum / static_cast<double>(tilts.size()));
}

Bounds confidence_sequence(const WindowEstimate& estimate, const SequenceTuning& tuning) {
  const double n = tuning.predictive / estimate.variance, mixed = n + tuning.tuned;
  const double radius =
      std::sqrt(tuning.predictive * mixed * std::log(mixed / (tuning.tuned * tuning.error * tuning.error))) / n;
  return {estimate.change - radius, estimate.change + radius};
}

}  // namespace ipw
