#pragma once

#include <optional>

namespace ipw {

constexpr double kZ95 = 1.959963984540054;  // the 97.5 % quantile of the standard normal distribution

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

}  // namespace ipw
