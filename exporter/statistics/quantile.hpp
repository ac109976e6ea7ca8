#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace ipw {

// How many values a quantile needs: so many that, with 99 % confidence, at least two of them lie beyond it, and its
// upper bound is a value that another one backs (Wilks 1941; METHODOLOGY, "Intervals"). 11 for the median, 130 for
// 0.95, 662 for 0.99. REQUIRES: 0 < q < 1.
std::size_t values_for_quantile(double q);

// The smallest value that at least the share `q` of the values do not exceed. Nothing of fewer values than it needs.
std::optional<double> quantile(std::vector<double> values, double q);

}  // namespace ipw
