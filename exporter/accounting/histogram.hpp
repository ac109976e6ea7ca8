#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ipw {

// A cumulative-at-export histogram over fixed, ascending upper bounds (the +Inf bucket is implied). A value type.
class Histogram {
 public:
  // REQUIRES: `bounds` outlives the histogram (all ours are constants).
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value) {
    const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += value;
  }

  std::span<const double> bounds() const { return bounds_; }
  std::span<const std::uint64_t> counts() const { return counts_; }  // per bucket, not cumulative; the last is +Inf
  double sum() const { return sum_; }
  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const auto n : counts_) all += n;
    return all;
  }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_{0};
};

}  // namespace ipw
