#include "exporter/analysis/power_over_time.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

double seconds_of(WallTime at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace

void PowerOverTime::add(WallTime begin, WallTime end, Watts power) {
  const double from = seconds_of(begin), to = seconds_of(end);
  if (!(to > from) || !std::isfinite(power.value)) return;
  while ((to - from) / static_cast<double>(step_) > static_cast<double>(kSteps)) widen();
  const auto width = static_cast<double>(step_);
  const auto last = static_cast<std::int64_t>(std::floor(to / width));
  for (auto i = static_cast<std::int64_t>(std::floor(from / width)); i <= last; ++i) {
    const auto at = static_cast<double>(i) * width;
    const double length = std::min(to, at + width) - std::max(from, at);
    if (length <= 0) continue;
    auto& sum = sums_[i];
    sum.joules += power.value * length;
    sum.seconds += length;
  }
  while (sums_.size() > kSteps) widen();
}

void PowerOverTime::widen() {
  step_ *= 2;
  std::map<std::int64_t, Sum> wider;
  for (const auto& [i, sum] : sums_) {
    auto& into = wider[i >= 0 ? i / 2 : (i - 1) / 2];
    into.joules += sum.joules;
    into.seconds += sum.seconds;
  }
  sums_ = std::move(wider);
}

std::vector<PowerOverTime::Step> PowerOverTime::steps() const {
  std::vector<Step> all;
  for (const auto& [i, sum] : sums_) all.push_back({static_cast<double>(i * step_), Watts{sum.joules / sum.seconds}});
  return all;
}

}  // namespace ipw
