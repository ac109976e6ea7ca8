#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ipw {

// A standardised residual and the item that it is of: an item's residuals depend on each other.
struct Residual {
  std::uint32_t item{0};
  double value{0};
  double weight{1};
};

// psi(u) = log E exp(u z), of residuals z, on a grid of u in [0, kMaxTilt]: never below u²/2, that of a normal z, and
// above the plain empirical one by a standard error of it, because the baseline is a sample. Immutable.
class Cumulant {
 public:
  static constexpr double kMaxTilt = 3;
  Cumulant() = default;  // u²/2
  // REQUIRES: residuals grouped by item.
  explicit Cumulant(std::span<const Residual> residuals, double sign);
  double operator()(double u) const;  // REQUIRES: 0 <= u <= kMaxTilt
  // The tilt that speaks most for residuals with that mean: largest u·mean - psi(u). For a normal z that is the mean.
  double best_tilt(double mean) const;

 private:
  std::vector<double> excess_;  // psi(u) - u²/2
};

}  // namespace ipw
