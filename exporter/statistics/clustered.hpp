#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "exporter/analysis/proportion.hpp"
#include "exporter/statistics/cluster.hpp"

namespace ipw {

// No figure is shown of fewer queries, and none of so few that differ: the bounds below would not hold.
constexpr std::uint64_t kMinimumQueries = 30;
constexpr std::uint64_t kMinimumClusters = 20;
// Nor a ratio with the score in it whose queries have scored less than this together.
constexpr double kMinimumScore = 5;

// The 97.5 % quantile of Student's t distribution. REQUIRES: degrees > 1; good to 1 % from 4 on.
double student_t95(double degrees);

// Mean score with 95 % bounds: Wilson's, for as many independent queries as would have the variance that is found
// between clusters (METHODOLOGY, "Intervals"). Nothing of less than the minimum.
std::optional<Estimate> clustered_accuracy(std::span<const ClusterTable::Row> clusters);

// Ratios of sums over metered queries, with 95 % bounds by the delta method on the log scale, clustered (METHODOLOGY,
// "Intervals"). Each is absent below its minimum, or where a sum is not positive.
struct ClusteredEfficiency {
  std::uint64_t queries{0};
  std::optional<Estimate> joules_per_query;
  std::optional<Estimate> per_joule;          // score over joules: IPJ
  std::optional<Estimate> per_watt_by_query;  // score over mean power
  std::optional<Estimate> per_watt_by_time;   // mean score over joules per busy second
};
ClusteredEfficiency clustered_efficiency(std::span<const ClusterTable::Row> clusters);

}  // namespace ipw
