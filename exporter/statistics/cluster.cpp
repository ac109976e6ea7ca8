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

ClusterSums& ClusterSums::operator-=(const ClusterSums& other) {
  queries -= other.queries;
  score -= other.score;
  joules -= other.joules;
  seconds -= other.seconds;
  watts -= other.watts;
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

void ClusterTable::take_off(const ClusterTable& other) {
  auto taken = other.rows_.begin();
  for (auto& row : rows_) {
    if (taken == other.rows_.end()) break;
    if (taken->key != row.key) continue;
    row.sums -= taken->sums;
    ++taken;
  }
  std::erase_if(rows_, [](const Row& row) { return row.sums.queries <= 0; });
}

}  // namespace ipw
