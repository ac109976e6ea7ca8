#include "exporter/analysis/line_fit.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

// A sum of squares this far below the values themselves is rounding, not variation.
constexpr double kRounding = 1e-24;

bool varies(double squares, double mean, double n) {
  return squares > kRounding * n * mean * mean && squares > 0;
}

}  // namespace

void LineSums::add(double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  lowest_x_ = n_ == 0 ? x : std::min(lowest_x_, x);
  highest_x_ = n_ == 0 ? x : std::max(highest_x_, x);
  const auto n = static_cast<double>(++n_);
  const double off_x = x - mean_x_, off_y = y - mean_y_;
  mean_x_ += off_x / n;
  mean_y_ += off_y / n;
  xx_ += off_x * (x - mean_x_);
  yy_ += off_y * (y - mean_y_);
  xy_ += off_x * (y - mean_y_);
}

std::optional<LineFit> LineSums::fit() const {
  const auto n = static_cast<double>(n_);
  if (n_ < 3 || !varies(xx_, mean_x_, n)) return std::nullopt;
  LineFit line;
  line.n = n_;
  line.mean_y = mean_y_;
  line.lowest_x = lowest_x_;
  line.highest_x = highest_x_;
  line.slope = xy_ / xx_;
  line.intercept = mean_y_ - line.slope * mean_x_;
  const double left = std::max(0.0, yy_ - line.slope * xy_);
  const double variance = left / (n - 2);
  line.slope_error = std::sqrt(variance / xx_);
  line.intercept_error = std::sqrt(variance * (1 / n + mean_x_ * mean_x_ / xx_));
  if (varies(yy_, mean_y_, n)) line.r2 = 1 - left / yy_;
  return line;
}

}  // namespace ipw
