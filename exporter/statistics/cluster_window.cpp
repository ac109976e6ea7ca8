#include "exporter/statistics/cluster_window.hpp"

#include <algorithm>
#include <chrono>

namespace ipw {

ClusterWindow::ClusterWindow(std::optional<Seconds> length)
    : width_us_(length ? static_cast<std::int64_t>(length->value * 1e6) / kBuckets : 0) {}

std::int64_t ClusterWindow::number_of(WallTime at) const {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  return std::max<std::int64_t>(us, 0) / width_us_;
}

void ClusterWindow::add(WallTime at, std::uint32_t key, const ClusterSums& sums) {
  if (width_us_ > 0) {
    const auto number = number_of(at);
    if (newest_ && number <= *newest_ - kBuckets) return;
    if (!newest_ || number > *newest_) advance_to(number);
    auto& bucket = place_of(number);
    bucket.number = number;
    bucket.sums.add(key, sums);
  }
  total_.add(key, sums);
}

bool ClusterWindow::advance(WallTime now) {
  if (width_us_ == 0 || !newest_) return false;
  const auto number = number_of(now);
  return number > *newest_ && advance_to(number);
}

bool ClusterWindow::advance_to(std::int64_t number) {
  newest_ = number;
  bool forgotten = false;
  for (auto& bucket : buckets_) {
    if (bucket.sums.empty() || bucket.number > number - kBuckets) continue;
    total_.take_off(bucket.sums);
    bucket.sums = {};
    forgotten = true;
  }
  return forgotten;
}

void ClusterWindow::clear() {
  total_ = {};
  buckets_ = {};
  newest_.reset();
}

std::size_t ClusterWindow::bytes() const {
  auto all = sizeof *this + total_.bytes();
  for (const auto& bucket : buckets_) all += bucket.sums.bytes();
  return all;
}

}  // namespace ipw
