#include "exporter/regression/cumulant.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ipw {
namespace {

constexpr std::size_t kSteps = 80;
constexpr double kFinest = 0.0015;    // the lowest tilt but 0; above it they are in equal ratios
constexpr double kMaxExponent = 300;  // its square is still a number

// 0, kFinest, …, kMaxTilt.
const std::array<double, kSteps + 1>& tilts() {
  static const auto all = [] {
    std::array<double, kSteps + 1> values{};
    const double ratio = std::pow(Cumulant::kMaxTilt / kFinest, 1 / static_cast<double>(kSteps - 1));
    for (std::size_t i = 1; i <= kSteps; ++i) values[i] = kFinest * std::pow(ratio, static_cast<double>(i - 1));
    values[kSteps] = Cumulant::kMaxTilt;
    return values;
  }();
  return all;
}

// log of (the mean of exp(u z), and one standard error more), the residuals of an item being one draw.
double empirical(std::span<const Residual> residuals, double u) {
  double weight = 0, sum = 0;
  for (const auto& residual : residuals) {
    weight += residual.weight;
    sum += residual.weight * std::exp(std::min(u * residual.value, kMaxExponent));
  }
  const double mean = sum / weight;
  double squares = 0;
  for (std::size_t i = 0; i < residuals.size();) {
    double of_item = 0;
    const auto item = residuals[i].item;
    for (; i < residuals.size() && residuals[i].item == item; ++i)
      of_item += residuals[i].weight * (std::exp(std::min(u * residuals[i].value, kMaxExponent)) - mean);
    squares += of_item * of_item;
  }
  return std::log(mean + std::sqrt(squares) / weight);
}

}  // namespace

Cumulant::Cumulant(std::span<const Residual> residuals, double sign) {
  if (residuals.empty()) return;
  excess_.reserve(kSteps + 1);
  for (const double u : tilts()) excess_.push_back(std::max(0.0, empirical(residuals, sign * u) - u * u / 2));
}

double Cumulant::operator()(double u) const {
  const double normal = u * u / 2;
  if (excess_.empty()) return normal;
  const auto& all = tilts();
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(all, u) - all.begin());
  if (above > kSteps) return normal + excess_.back();
  const double part = (u - all[above - 1]) / (all[above] - all[above - 1]);
  return normal + excess_[above - 1] * (1 - part) + excess_[above] * part;
}

double Cumulant::best_tilt(double mean) const {
  double best = tilts()[1], most = -1;
  for (const double u : tilts()) {
    const double rate = u * mean - (*this)(u);
    if (u == 0 || rate <= most) continue;
    most = rate;
    best = u;
  }
  return best;
}

}  // namespace ipw
