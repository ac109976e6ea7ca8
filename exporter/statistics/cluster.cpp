#include "exporter/statistics/cluster.hpp"

#include <algorithm>

#include "replay/seeded.hpp"

namespace ipw {

ClusterSums& ClusterSums::operator+=(const ClusterSums& other) {
  queries += other.queries;
  score += other.score;
  joules += other.joules;
  seconds += other.seconds;
  watts += other.watts;
  return *this;
}

std::uint32_t cluster_of(std::string_view query_id, std::uint32_t clusters) {
  constexpr std::uint64_t kSeed = 0;
  return static_cast<std::uint32_t>(replay::hash_of(query_id, kSeed) % clusters);
}

void ClusterTable::add(std::uint32_t key, const ClusterSums& sums) {
  const auto place = std::ranges::lower_bound(rows_, key, {}, &Row::key);
  if (place != rows_.end() && place->key == key)
    place->sums += sums;
  else
    rows_.insert(place, {key, sums});
}

void ClusterTable::add(const ClusterTable& other) {
  std::vector<Row> merged;
  merged.reserve(std::max(rows_.size(), other.rows_.size()));
  auto mine = rows_.begin();
  for (const auto& row : other.rows_) {
    for (; mine != rows_.end() && mine->key < row.key; ++mine) merged.push_back(*mine);
    merged.push_back(row);
    if (mine != rows_.end() && mine->key == row.key) {
      merged.back().sums = mine->sums;
      merged.back().sums += row.sums;
      ++mine;
    }
  }
  merged.insert(merged.end(), mine, rows_.end());
  rows_ = std::move(merged);
}

}  // namespace ipw
