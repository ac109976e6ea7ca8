#pragma once

#include <cstdint>
#include <optional>

namespace ipw {

// A straight line y = intercept + slope·x by ordinary least squares (METHODOLOGY, "Fitted lines").
struct LineFit {
  std::uint64_t n{0};
  double intercept{0}, slope{0};
  double intercept_error{0}, slope_error{0};  // one standard error, if what is left over is the same everywhere
  std::optional<double> r2;                   // share of the variance explained; nothing where y does not vary
  double mean_y{0};
  double lowest_x{0}, highest_x{0};
};

// Sums up pairs in one pass, in constant memory and without the cancellation of plain sums of squares (Welford 1962).
class LineSums {
 public:
  // Passes over what is not finite.
  void add(double x, double y);
  std::uint64_t n() const { return n_; }
  // Nothing of fewer than three pairs, or where x does not vary: any line would fit.
  std::optional<LineFit> fit() const;

 private:
  std::uint64_t n_{0};
  double mean_x_{0}, mean_y_{0}, xx_{0}, yy_{0}, xy_{0};
  double lowest_x_{0}, highest_x_{0};
};

}  // namespace ipw
