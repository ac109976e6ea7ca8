#include "exporter/statistics/quantile.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {

std::size_t values_for_quantile(double q) {
  constexpr double kDoubt = 0.01;
  const double side = std::max(q, 1 - q);
  std::size_t n = 2;
  // The chance that none of n values, or only one, lies beyond.
  for (double none = side * side, count = 2; none + count * (1 - side) * none / side > kDoubt; ++n, ++count)
    none *= side;
  return n;
}

std::optional<double> quantile(std::vector<double> values, double q) {
  if (values.size() < values_for_quantile(q)) return std::nullopt;
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace ipw
