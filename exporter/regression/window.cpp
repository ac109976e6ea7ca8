#include "exporter/regression/window.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ipw {
namespace {

constexpr std::size_t kFirstCells = 8;
constexpr double kShrinkage = 20;  // items that speak for no churn

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

ItemSums::ItemSums(std::size_t item_count) : item_count_(item_count), cells_(kFirstCells) {}

ItemSums::Cell& ItemSums::at(std::uint32_t item) {
  const auto mask = cells_.size() - 1;
  auto place = item & mask;
  while (cells_[place].count > 0 && cells_[place].item != item) place = (place + 1) & mask;
  if (cells_[place].count == 0) {
    if (2 * (used_ + 1) > cells_.size() && cells_.size() < item_count_) {
      grow();
      return at(item);
    }
    cells_[place].item = item;
    ++used_;
  }
  return cells_[place];
}

void ItemSums::grow() {
  std::vector<Cell> before(2 * cells_.size());
  before.swap(cells_);
  used_ = 0;
  for (const auto& cell : before)
    if (cell.count > 0) at(cell.item) = cell;
}

void Window::add(const Reference& reference, std::uint32_t item, SignedValue value, WallTime at) {
  auto& cell = sums_.at(item);
  const auto& known = reference.item(item);
  if (cell.count == 0) {
    items_ += 1;
    terms_ += 1 / known.count;
  } else {
    const double inverse = 1.0 / cell.count, change = cell.sum * inverse - known.mean;
    terms_ -= inverse;
    sum_ -= change;
    squares_ -= change * change;
    if (change < 0) better_squares_ -= change * change;
  }
  ++cell.count;
  cell.sum += value.value;
  cell.raw += value.raw;
  const double inverse = 1.0 / cell.count, change = cell.sum * inverse - known.mean;
  terms_ += inverse;
  sum_ += change;
  squares_ += change * change;
  if (change < 0) better_squares_ += change * change;
  if (queries_++ == 0) since_ = at;
}

double Window::churn(const Reference& reference) const {
  const double expected = reference.variance() * terms_;
  const double error = expected * std::sqrt(reference.better_spread() / items_);
  return std::max(0.0, 2 * (better_squares_ - reference.better_share() * expected - error)) / (items_ + kShrinkage);
}

double Window::drift(const Reference& reference) const {
  if (reference.drift() == 0) return 0;
  const double cycles = std::max(1.0, static_cast<double>(queries_) / static_cast<double>(reference.known_items()));
  return reference.drift() * (1 / static_cast<double>(reference.cycles()) + 1 / cycles);
}

WindowEstimate Window::estimate(const Reference& reference, double churn) const {
  return {.change = sum_ / items_,
          .variance = (reference.variance() * terms_ / items_ + churn) / items_ + drift(reference)};
}

WindowEstimate Window::self_normalised(const Reference& reference) const {
  return {.change = sum_ / items_,
          .variance = std::max(reference.variance() * terms_, squares_) / (items_ * items_) + drift(reference)};
}

WindowEstimate Window::size(const Reference& reference) const {
  std::vector<double> changes;
  changes.reserve(sums_.cells().size());
  for (const auto& cell : sums_.cells())
    if (cell.count > 0) changes.push_back(cell.raw / cell.count - reference.item(cell.item).mean);
  if (reference.winsorised()) {
    const double centre = median(changes);
    std::vector<double> distances;
    distances.reserve(changes.size());
    for (const double change : changes) distances.push_back(std::abs(change - centre));
    const double limit = 6 * std::max(median(std::move(distances)), std::sqrt(reference.predictive()));
    for (double& change : changes) change = std::clamp(change, centre - limit, centre + limit);
  }
  double sum = 0, squares = 0;
  for (const double change : changes) sum += change;
  const double mean = sum / items_;
  for (const double change : changes) squares += (change - mean) * (change - mean);
  return {.change = mean,
          .variance = std::max(reference.variance() * terms_, squares) / (items_ * items_) + drift(reference)};
}

}  // namespace ipw
