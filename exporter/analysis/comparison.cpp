#include "exporter/analysis/comparison.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace ipw {
namespace {

using Figure = std::function<std::optional<double>(const QueryResult&)>;
using Queries = std::vector<ComparedQuery>;

constexpr Router kRouters[] = {{1, Misroute::reference},
                               {0.8, Misroute::reference},
                               {0.6, Misroute::reference},
                               {0.8, Misroute::elsewhere},
                               {0.6, Misroute::elsewhere}};

Figure joules_in(probes::Scope scope) {
  return [scope](const QueryResult& result) -> std::optional<double> {
    const auto& drawn = result.energy[static_cast<std::size_t>(scope)];
    return drawn ? std::optional(drawn->energy.value) : std::nullopt;
  };
}

std::optional<double> dollars_of(const QueryResult& result) {
  return result.dollars;
}

std::optional<double> seconds_of(const QueryResult& result) {
  return result.seconds ? std::optional(result.seconds->value) : std::nullopt;
}

// What each target takes over the queries where it is known of all; nothing where there is no such query.
std::optional<std::vector<double>> totals(const Queries& queries, std::size_t targets, const Figure& figure) {
  std::vector<double> sums(targets);
  bool any = false;
  for (const auto& query : queries) {
    if (!std::ranges::all_of(query.results, [&](const auto* result) { return figure(*result).has_value(); })) continue;
    any = true;
    for (std::size_t i = 0; i < targets; ++i) sums[i] += *figure(*query.results[i]);
  }
  return any ? std::optional(sums) : std::nullopt;
}

// The positions of the targets, cheapest first; equals as they were.
std::vector<std::size_t> by_cost(const std::vector<double>& costs) {
  std::vector<std::size_t> positions(costs.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::ranges::stable_sort(positions, {}, [&](std::size_t i) { return costs[i]; });
  return positions;
}

// Finds out what is cheap, and orders the targets by it.
std::vector<std::size_t> order_targets(Comparison& comparison, const Queries& queries, std::size_t targets) {
  for (std::size_t scope = 0; scope < kScopes; ++scope) {
    const auto joules = totals(queries, targets, joules_in(static_cast<probes::Scope>(scope)));
    if (!joules) continue;
    comparison.scope = static_cast<probes::Scope>(scope);
    comparison.ordered_by = "joules";
    for (const auto& query : queries)
      for (const auto* result : query.results)
        if (result->energy[scope]) comparison.qualities.insert(result->energy[scope]->quality);
    return by_cost(*joules);
  }
  const std::pair<std::string_view, Figure> others[] = {{"dollars", dollars_of}, {"seconds", seconds_of}};
  for (const auto& [name, figure] : others) {
    const auto costs = totals(queries, targets, figure);
    if (!costs) continue;
    comparison.ordered_by = name;
    return by_cost(*costs);
  }
  comparison.ordered_by = "name";
  return by_cost(std::vector<double>(targets));
}

void reorder(Queries& queries, const std::vector<std::size_t>& positions) {
  for (auto& query : queries) {
    std::vector<const QueryResult*> ordered;
    ordered.reserve(positions.size());
    for (const auto position : positions) ordered.push_back(query.results[position]);
    query.results = std::move(ordered);
  }
}

}  // namespace

Comparison compare(const QueryResults& results, std::span<const std::string> targets, const std::string& reference,
                   const OptionsOf& options_of) {
  Comparison comparison;
  comparison.reference = reference;
  for (const auto& target : targets) {
    if (target == reference) continue;
    const std::string pair[] = {target, reference};
    const auto common = results.common(pair);
    comparison.coverage.push_back({target, coverage(common)});
    comparison.paired.push_back(compare_pairs(target, common));
  }
  auto queries = results.common(targets);
  comparison.queries = queries.size();
  if (queries.empty()) return comparison;

  const auto positions = order_targets(comparison, queries, targets.size());
  reorder(queries, positions);
  for (const auto position : positions) comparison.order.push_back(targets[position]);
  const auto at = static_cast<std::size_t>(std::ranges::find(comparison.order, reference) - comparison.order.begin());
  comparison.together = union_of(queries, at, options_of);
  comparison.difficulty = difficulty(queries, targets.size());
  const auto scope = comparison.scope.value_or(probes::Scope::accelerator);
  for (const auto& router : kRouters) comparison.routing.push_back({router, route(queries, at, scope, router)});
  return comparison;
}

}  // namespace ipw
