#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "exporter/statistics/cluster.hpp"

namespace ipw {

// Sums by cluster over the latest `length` of wall time. Time is cut in sixtieths of it; the newest of them is not over
// yet, so that what is held reaches back between 59 and 60 of them. Memory is bounded by 61 rows a cluster, whatever
// the rate. The order in which sums come does not matter: what is too old already is passed over. Without a length
// everything is held.
class ClusterWindow {
 public:
  static constexpr std::int64_t kBuckets = 60;

  explicit ClusterWindow(std::optional<Seconds> length);

  void add(WallTime at, std::uint32_t key, const ClusterSums& sums);
  // Forgets what is too old at `now`. Returns whether anything was.
  bool advance(WallTime now);
  void clear();
  std::span<const ClusterTable::Row> rows() const { return total_.rows(); }
  std::size_t bytes() const;

 private:
  struct Bucket {
    std::int64_t number{0};
    ClusterTable sums;
  };
  std::int64_t number_of(WallTime at) const;
  Bucket& place_of(std::int64_t number) { return buckets_[static_cast<std::size_t>(number % kBuckets)]; }
  bool advance_to(std::int64_t number);

  std::int64_t width_us_;  // of a bucket; 0 without a length
  std::optional<std::int64_t> newest_;
  std::array<Bucket, kBuckets> buckets_;
  ClusterTable total_;
};

}  // namespace ipw
