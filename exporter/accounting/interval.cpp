#include "exporter/accounting/interval.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {

Bounds wilson(double score, double n) {
  const double p = score / n;
  const double z2n = kZ95 * kZ95 / n;
  const double middle = p + z2n / 2;
  const double half = kZ95 * std::sqrt(std::max(0.0, p * (1 - p) / n + z2n / (4 * n)));
  return {std::max(0.0, (middle - half) / (1 + z2n)), std::min(1.0, (middle + half) / (1 + z2n))};
}

std::optional<double> ratio(double numerator, double denominator) {
  if (!(denominator > 0)) return std::nullopt;
  return numerator / denominator;
}

}  // namespace ipw
