#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ipw {

// What the queries of one cluster add up to. A cluster holds every time that a query was asked: these are not
// independent of each other, while queries are (METHODOLOGY, "Intervals"). Several queries in one cluster are as good.
struct ClusterSums {
  double queries{0};  // how many; what follows is summed over them
  double score{0};
  double joules{0}, seconds{0}, watts{0};  // gross energy, share of busy time, mean power; of metered queries

  ClusterSums& operator+=(const ClusterSums& other);
  ClusterSums& operator-=(const ClusterSums& other);
  bool operator==(const ClusterSums&) const = default;
};

// A number for a query's cluster, of 0 to `clusters` - 1: the same in every process.
std::uint32_t cluster_of(std::string_view query_id, std::uint32_t clusters);

// Sums by cluster, in the order of their keys, so that the same sums are added up in the same order however they came.
class ClusterTable {
 public:
  struct Row {
    std::uint32_t key{0};
    ClusterSums sums;
  };
  void add(std::uint32_t key, const ClusterSums& sums);
  // Takes off what was added before. A row without queries goes; of others the sums keep a rounding error of 1e-16 of
  // the greatest that they have been.
  void take_off(const ClusterTable& other);
  void clear() { rows_.clear(); }
  std::span<const Row> rows() const { return rows_; }
  bool empty() const { return rows_.empty(); }
  std::size_t bytes() const { return rows_.capacity() * sizeof(Row); }

 private:
  std::vector<Row> rows_;
};

}  // namespace ipw
