#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ipw {

// One of the values in a bucket, and the attempt that it is of.
struct Exemplar {
  std::string attempt;  // its id; "" where the bucket has no exemplar
  double value{0};
  WallTime at{};
};

// A cumulative-at-export histogram over fixed, ascending upper bounds (the +Inf bucket is implied). A value type.
class Histogram {
 public:
  // REQUIRES: `bounds` outlives the histogram (all ours are constants).
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value) { add(value); }
  // As above; the bucket's exemplar is its newest value.
  void observe(double value, std::string_view attempt, WallTime at) {
    const auto bucket = add(value);
    if (exemplars_.empty()) exemplars_.resize(counts_.size());
    auto& exemplar = exemplars_[bucket];
    exemplar.attempt = attempt;
    exemplar.value = value;
    exemplar.at = at;
  }

  std::span<const double> bounds() const { return bounds_; }
  std::span<const std::uint64_t> counts() const { return counts_; }   // per bucket, not cumulative; the last is +Inf
  std::span<const Exemplar> exemplars() const { return exemplars_; }  // per bucket; empty while there is none at all
  double sum() const { return sum_; }
  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const auto n : counts_) all += n;
    return all;
  }

 private:
  // Counts the value; the bucket that it fell into.
  std::size_t add(double value) {
    const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
    ++counts_[bucket];
    sum_ += value;
    return bucket;
  }

  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  std::vector<Exemplar> exemplars_;
  double sum_{0};
};

}  // namespace ipw
