#include "exporter/statistics/clustered.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ipw {
namespace {

using Rows = std::span<const ClusterTable::Row>;

struct Term {
  double ClusterSums::*sum;
  double power;
};

ClusterSums total_of(Rows clusters) {
  ClusterSums total;
  for (const auto& row : clusters) total += row.sums;
  return total;
}

bool enough(Rows clusters, const ClusterSums& total) {
  return total.queries >= static_cast<double>(kMinimumQueries) && clusters.size() >= kMinimumClusters;
}

// The product of the sums, each to its power of 1 or -1. A cluster's influence on its logarithm is the sum of its
// shares of the sums, with the powers' signs; the clusters' influences add up to 0.
std::optional<Estimate> log_delta(Rows clusters, const ClusterSums& total, std::span<const Term> terms) {
  double value = 1;
  for (const auto& [sum, power] : terms) {
    if (!(total.*sum > 0)) return std::nullopt;
    value *= power > 0 ? total.*sum : 1 / (total.*sum);
  }
  double second = 0, fourth = 0;
  for (const auto& row : clusters) {
    double influence = 0;
    for (const auto& [sum, power] : terms) influence += power * (row.sums.*sum) / (total.*sum);
    const double square = influence * influence;
    second += square;
    fourth += square * square;
  }
  if (!(second > 0)) return Estimate{value, {value, value}};
  const auto n = static_cast<double>(clusters.size());
  const double kurtosis = n * fourth / (second * second);
  const double degrees = std::clamp(2 * n / std::max(kurtosis - 1, 1e-9), 4.0, n - 1);
  const double half = student_t95(degrees) * std::sqrt(second * n / (n - 1));
  return Estimate{value, {value * std::exp(-half), value * std::exp(half)}};
}

}  // namespace

double student_t95(double degrees) {
  constexpr double kZ3 = kZ95 * kZ95 * kZ95, kZ5 = kZ3 * kZ95 * kZ95, kZ7 = kZ5 * kZ95 * kZ95;
  return kZ95 + (kZ3 + kZ95) / (4 * degrees) + (5 * kZ5 + 16 * kZ3 + 3 * kZ95) / (96 * degrees * degrees) +
         (3 * kZ7 + 19 * kZ5 + 17 * kZ3 - 15 * kZ95) / (384 * degrees * degrees * degrees);
}

std::optional<Estimate> clustered_accuracy(Rows clusters) {
  const auto total = total_of(clusters);
  if (!enough(clusters, total)) return std::nullopt;
  const auto g = static_cast<double>(clusters.size());
  const double p = std::min(total.score / total.queries, 1.0);
  double squares = 0;
  bool repeated = false;
  for (const auto& row : clusters) {
    const double residual = row.sums.score - p * row.sums.queries;
    squares += residual * residual;
    repeated = repeated || row.sums.queries > 1;
  }
  if (!repeated) return Estimate{p, wilson(p * g, g)};
  const double variance = squares * g / (g - 1) / (total.queries * total.queries);
  double n = variance > 0 ? p * (1 - p) / variance : g;
  n *= std::pow(kZ95 / student_t95(g - 1), 2);
  n = std::clamp(n, 1.0, total.queries);
  return Estimate{p, wilson(p * n, n)};
}

ClusteredEfficiency clustered_efficiency(Rows clusters) {
  const auto total = total_of(clusters);
  ClusteredEfficiency result;
  result.queries = static_cast<std::uint64_t>(total.queries);
  if (!enough(clusters, total)) return result;
  constexpr Term kScore{&ClusterSums::score, 1}, kSeconds{&ClusterSums::seconds, 1}, kJoules{&ClusterSums::joules, 1};
  constexpr Term kPerQuery{&ClusterSums::queries, -1}, kPerJoule{&ClusterSums::joules, -1};
  constexpr Term kPerWatt{&ClusterSums::watts, -1};
  result.joules_per_query = log_delta(clusters, total, std::array{kJoules, kPerQuery});
  if (total.score < kMinimumScore) return result;
  result.per_joule = log_delta(clusters, total, std::array{kScore, kPerJoule});
  result.per_watt_by_query = log_delta(clusters, total, std::array{kScore, kPerWatt});
  result.per_watt_by_time = log_delta(clusters, total, std::array{kScore, kSeconds, kPerQuery, kPerJoule});
  return result;
}

}  // namespace ipw
