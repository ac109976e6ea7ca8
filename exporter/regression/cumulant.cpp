#include "exporter/regression/cumulant.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr std::size_t kSteps = 60;
constexpr double kStep = Cumulant::kMaxTilt / static_cast<double>(kSteps);
constexpr double kMaxExponent = 300;  // its square is still a number

// log of (the mean of exp(u z), and one standard error more), the residuals of an item being one draw.
double cumulant(std::span<const Residual> residuals, double u) {
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
  for (std::size_t step = 0; step <= kSteps; ++step) {
    const double u = kStep * static_cast<double>(step);
    excess_.push_back(std::max(0.0, cumulant(residuals, sign * u) - u * u / 2));
  }
}

double Cumulant::operator()(double u) const {
  const double normal = u * u / 2;
  if (excess_.empty()) return normal;
  const double place = std::clamp(u / kStep, 0.0, static_cast<double>(kSteps));
  const auto below = std::min(static_cast<std::size_t>(place), kSteps - 1);
  const double part = place - static_cast<double>(below);
  return normal + excess_[below] * (1 - part) + excess_[below + 1] * part;
}

}  // namespace ipw
