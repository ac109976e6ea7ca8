#include "exporter/regression/evidence.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr double kRatio = 1.7;      // between two tilts; the evidence for a change between them is at most 9 % less
constexpr double kPreferred = 0.7;  // the weight of a tilt over that of the one below

void normalise(Tilts& tilts) {
  double sum = 0;
  for (const auto& tilt : tilts) sum += std::exp(tilt.log_weight);
  for (auto& tilt : tilts) tilt.log_weight -= std::log(sum);
}

}  // namespace

Tilts tilts_from(double smallest, const Cumulant& psi) {
  Tilts tilts;
  double mean = std::min(smallest, Cumulant::kMaxTilt);
  do {
    const double u = psi.best_tilt(mean);
    tilts.push_back({u, psi(u), static_cast<double>(tilts.size()) * std::log(kPreferred)});
    mean *= kRatio;
  } while (mean <= Cumulant::kMaxTilt);
  normalise(tilts);
  return tilts;
}

Tilts tilts_around(double change, const Cumulant& psi) {
  Tilts tilts;
  for (const double part : {0.5, 1.0, 2.0}) {
    const double u = psi.best_tilt(part * change);
    tilts.push_back({u, psi(u), 0});
  }
  normalise(tilts);
  return tilts;
}

double log_evidence(const Tilts& tilts, double n, double mean) {
  constexpr double kNegligible = -20;
  double largest = -1e300;
  for (const auto& [u, psi, weight] : tilts) largest = std::max(largest, n * (u * mean - psi) + weight);
  double sum = 0;
  for (const auto& [u, psi, weight] : tilts) {
    const double less = n * (u * mean - psi) + weight - largest;
    if (less > kNegligible) sum += std::exp(less);
  }
  return largest + std::log(sum);
}

Bounds confidence_sequence(const WindowEstimate& estimate, const SequenceTuning& tuning) {
  const double n = tuning.predictive / estimate.variance, mixed = n + tuning.tuned;
  const double radius =
      std::sqrt(tuning.predictive * mixed * std::log(mixed / (tuning.tuned * tuning.error * tuning.error))) / n;
  return {estimate.change - radius, estimate.change + radius};
}

}  // namespace ipw
