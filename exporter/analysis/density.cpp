#include "exporter/analysis/density.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace ipw {
namespace {

constexpr double kMostBins = 50;

// Linear between the two nearest values. REQUIRES: not empty.
double at_share(std::span<const float> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (static_cast<double>(sorted[above]) - sorted[below]);
}

double quartile_range(std::span<const float> sorted) {
  return at_share(sorted, 0.75) - at_share(sorted, 0.25);
}

double deviation(std::span<const float> values) {
  double mean = 0, squares = 0, n = 0;
  for (const double value : values) {
    const double off = value - mean;
    mean += off / ++n;
    squares += off * (value - mean);
  }
  return n > 1 ? std::sqrt(squares / (n - 1)) : 0;
}

double rounded_up(double width) {
  const double power = std::pow(10, std::floor(std::log10(width)));
  for (const double digit : {1.0, 2.0, 5.0})
    if (width <= digit * power * (1 + 1e-9)) return digit * power;
  return 10 * power;
}

// Equal values together: tokens are whole numbers, and most of them come many times.
std::vector<std::pair<double, double>> counted(std::span<const float> sorted) {
  std::vector<std::pair<double, double>> all;
  for (const double value : sorted)
    if (!all.empty() && all.back().first == value)
      ++all.back().second;
    else
      all.emplace_back(value, 1);
  return all;
}

}  // namespace

std::optional<Bins> bins_of(std::span<const float> sorted) {
  if (sorted.empty()) return std::nullopt;
  const double lowest = sorted.front(), range = sorted.back() - lowest;
  double width = 2 * quartile_range(sorted) / std::cbrt(static_cast<double>(sorted.size()));
  width = std::max(width, range / kMostBins);
  if (width <= 0) width = lowest != 0 ? std::abs(lowest) / 10 : 1;  // all are the same
  width = rounded_up(width);
  Bins bins{.lower = std::floor(lowest / width) * width, .width = width, .counts = {}};
  for (const double value : sorted) {
    const auto bin = static_cast<std::size_t>(std::max(0.0, std::floor((value - bins.lower) / width)));
    if (bin >= bins.counts.size()) bins.counts.resize(bin + 1);
    ++bins.counts[bin];
  }
  return bins;
}

std::optional<KernelDensity> density_of(std::span<const float> sorted) {
  if (sorted.size() < kMinimumForDensity) return std::nullopt;
  const auto n = static_cast<double>(sorted.size());
  const double sd = deviation(sorted), range = quartile_range(sorted) / 1.34;
  const double spread = range > 0 ? std::min(sd, range) : sd;
  if (spread <= 0) return std::nullopt;
  KernelDensity curve{.n = sorted.size(), .bandwidth = 0.9 * spread * std::pow(n, -0.2)};
  const double reach = 4 * curve.bandwidth;
  curve.lower = std::max(0.0, sorted.front() - reach);
  curve.step = (sorted.back() + reach - curve.lower) / static_cast<double>(kDensityPoints - 1);
  curve.density.assign(kDensityPoints, 0);
  const double scale = 1 / (n * curve.bandwidth * std::sqrt(2 * std::numbers::pi));
  const auto values = counted(sorted);
  for (std::size_t i = 0; i < kDensityPoints; ++i) {
    const double x = curve.lower + static_cast<double>(i) * curve.step;
    for (const auto& [value, count] : values) {
      const double near = (x - value) / curve.bandwidth, mirrored = (x + value) / curve.bandwidth;
      curve.density[i] += count * scale * (std::exp(-near * near / 2) + std::exp(-mirrored * mirrored / 2));
    }
  }
  return curve;
}

}  // namespace ipw
