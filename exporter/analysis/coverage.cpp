#include "exporter/analysis/coverage.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {

bool as_good(const QueryResult& result, const QueryResult& reference) {
  if (result.pairwise && !reference.pairwise) return result.solved;
  return result.score >= reference.score;
}

Coverage coverage(std::span<const ComparedQuery> queries) {
  Coverage covered;
  for (const auto& query : queries) {
    const double good = as_good(*query.results[0], *query.results[1]) ? 1 : 0;
    covered.all.add(good);
    covered.by_subject[std::string(query.subject)].add(good);
  }
  return covered;
}

Union union_of(std::span<const ComparedQuery> queries, std::size_t reference, const OptionsOf& options_of) {
  Union result;
  double chance = 0;
  bool known = !queries.empty();
  for (const auto& query : queries) {
    bool good = false, solved = false;
    for (std::size_t i = 0; i < query.results.size(); ++i) {
      if (i == reference) continue;
      good = good || as_good(*query.results[i], *query.results[reference]);
      solved = solved || query.results[i]->solved;
    }
    result.as_good.add(good ? 1 : 0);
    result.solved.add(solved ? 1 : 0);
    const auto options = options_of(query.id);
    known = known && options && *options > 0;
    if (known)
      chance += 1 - std::pow(1 - 1 / static_cast<double>(*options), static_cast<double>(query.results.size() - 1));
  }
  if (known) result.chance = chance / static_cast<double>(queries.size());
  return result;
}

std::vector<std::uint64_t> difficulty(std::span<const ComparedQuery> queries, std::size_t targets) {
  std::vector<std::uint64_t> levels(targets + 1);
  for (const auto& query : queries) {
    const auto first = std::ranges::find_if(query.results, [](const auto* result) { return result->solved; });
    ++levels[static_cast<std::size_t>(first - query.results.begin())];
  }
  return levels;
}

}  // namespace ipw
