#include "exporter/regression/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace ipw {
namespace {

constexpr double kWinsor = 4;
constexpr double kLeastDeviation = 1e-3;  // nothing is repeated, or measured, better than to 0.1 %
constexpr double kNormalMad = 1.4826;     // standard deviation of a normal law over its median absolute deviation

using ByItem = std::vector<std::vector<double>>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double robust_deviation(const ByItem& items) {
  std::vector<double> distances;
  double widened = 0;
  for (const auto& values : items) {
    if (values.empty()) continue;
    const double centre = median(values), count = static_cast<double>(values.size());
    for (const double value : values) distances.push_back(std::abs(value - centre));
    widened += count * std::sqrt(count / (count - 1));
  }
  if (distances.empty()) return kLeastDeviation;
  widened /= static_cast<double>(distances.size());
  return std::max(kLeastDeviation, kNormalMad * widened * median(std::move(distances)));
}

void winsorise(ByItem& items, double limit) {
  for (auto& values : items) {
    if (values.empty()) continue;
    const double centre = median(values);
    for (double& value : values) value = std::clamp(value, centre - limit, centre + limit);
  }
}

ByItem by_item(std::size_t item_count, std::span<const ReferenceValue> values) {
  ByItem items(item_count);
  for (const auto& value : values) items[value.item].push_back(value.value);
  for (auto& of_item : items) {
    if (of_item.size() < 2) of_item.clear();
    std::ranges::sort(of_item);  // so that the order of the observations leaves no trace, not even in rounding
  }
  return items;
}

// Every value as it stands to the others of its item: a prediction of one by the rest.
void add_residuals(std::vector<Residual>& residuals, std::uint32_t item, const std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  for (const double value : values) {
    const double others = (sum - value) / (count - 1);
    residuals.push_back({.item = item, .value = (value - others) / std::sqrt(count / (count - 1)), .weight = 1});
  }
}

// The mean of a power of the residuals on the side of better.
double better_moment(std::span<const Residual> residuals, int power) {
  double sum = 0, weights = 0;
  for (const auto& [item, value, weight] : residuals) {
    weights += weight;
    if (value < 0) sum += weight * std::pow(value, power);
  }
  return sum / weights;
}

// A quantile of a chi-square over its degrees of freedom, by that of the normal law (Wilson and Hilferty 1931): that of
// F, too, where the other side has thousands of them.
double mean_square_quantile(double freedom, double normal) {
  const double part = 2 / (9 * freedom);
  return std::pow(1 - part + normal * std::sqrt(part), 3);
}

}  // namespace

Reference::Reference(Shape shape, std::size_t item_count, std::span<const ReferenceValue> values) : items_(item_count) {
  auto items = by_item(item_count, values);
  if (shape.winsorised) {
    clip_ = kWinsor * robust_deviation(items);
    winsorise(items, *clip_);
  }
  std::vector<Residual> residuals;
  double squares = shape.flip * shape.flip, freedom = shape.flip > 0 ? 1 : 0, means = 0, inverse_counts = 0;
  for (std::uint32_t i = 0; i < item_count; ++i) {
    if (items[i].empty()) continue;
    const double count = static_cast<double>(items[i].size());
    double sum = 0;
    for (const double value : items[i]) sum += value;
    items_[i] = {.mean = sum / count, .count = count};
    for (const double value : items[i]) squares += (value - items_[i].mean) * (value - items_[i].mean);
    freedom += count - 1;
    means += items_[i].mean;
    inverse_counts += 1 / count;
    ++known_;
    add_residuals(residuals, i, items[i]);
  }
  if (known_ == 0) return;
  const double known = static_cast<double>(known_);
  mean_ = means / known;
  variance_ = std::max(squares / freedom, kLeastDeviation * kLeastDeviation);
  predictive_ = variance_ * (1 + inverse_counts / known);
  measure_drift(values);
  if (clip_) clip_ = *clip_ * std::sqrt(predictive_ / variance_);
  if (shape.flip > 0) {
    constexpr auto kNone = std::numeric_limits<std::uint32_t>::max();
    residuals.push_back({.item = kNone, .value = shape.flip, .weight = 0.5});
    residuals.push_back({.item = kNone - 1, .value = -shape.flip, .weight = 0.5});
  }
  for (auto& residual : residuals) residual.value /= std::sqrt(variance_);
  worse_ = Cumulant(residuals, 1);
  better_ = Cumulant(residuals, -1);
  better_share_ = better_moment(residuals, 2);
  better_spread_ = better_moment(residuals, 4) - better_share_ * better_share_;
}

// One-way analysis of variance of what is left of each value without its item's mean, by cycle.
void Reference::measure_drift(std::span<const ReferenceValue> values) {
  struct Cycle {
    double sum{0}, count{0};
  };
  std::map<std::uint64_t, Cycle> cycles;
  double whole = 0, count = 0;
  for (const auto& value : values) {
    if (!knows(value.item)) continue;
    const double left = clipped(value.item, value.value) - items_[value.item].mean;
    auto& cycle = cycles[value.cycle];
    cycle.sum += left;
    cycle.count += 1;
    whole += left * left;
    count += 1;
  }
  cycles_ = cycles.size();
  if (cycles_ < 3) return;
  double between_squares = 0;
  for (const auto& [number, cycle] : cycles) between_squares += cycle.sum * cycle.sum / cycle.count;
  const double freedom = static_cast<double>(cycles_ - 1), between = between_squares / freedom;
  const double within = (whole - between_squares) / (count - static_cast<double>(known_) - freedom);
  constexpr double kAt95 = 1.645, kAt5 = -1.645;
  if (between <= mean_square_quantile(freedom, kAt95) * within) return;
  // A handful of cycles tells a variance badly, and one that is taken too small rings for nothing: its upper bound.
  const double bound = between / mean_square_quantile(freedom, kAt5);
  drift_ = (bound - within) * static_cast<double>(cycles_) / count;
}

double Reference::clipped(std::uint32_t item, double value) const {
  if (!clip_) return value;
  return std::clamp(value, items_[item].mean - *clip_, items_[item].mean + *clip_);
}

}  // namespace ipw
