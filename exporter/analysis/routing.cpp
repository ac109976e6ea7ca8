#include "exporter/analysis/routing.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace ipw {
namespace {

using Figure = std::function<std::optional<double>(const QueryResult&)>;

// What a query comes to when it is sent by the router: the mean over its decisions, right and wrong.
class Expectation {
 public:
  Expectation(const Router& router, std::size_t reference) : router_(router), reference_(reference) {}

  double of(const ComparedQuery& query, const std::vector<double>& figures) const {
    const auto solver = std::ranges::find_if(query.results, [](const auto* result) { return result->solved; });
    const auto right =
        solver == query.results.end() ? reference_ : static_cast<std::size_t>(solver - query.results.begin());
    return router_.right * figures[right] + (1 - router_.right) * wrong(figures, right);
  }

 private:
  double wrong(const std::vector<double>& figures, std::size_t right) const {
    if (router_.wrong == Misroute::reference || figures.size() < 2) return figures[reference_];
    double sum = 0;
    for (std::size_t i = 0; i < figures.size(); ++i)
      if (i != right) sum += figures[i];
    return sum / static_cast<double>(figures.size() - 1);
  }

  Router router_;
  std::size_t reference_;
};

std::optional<RoutedCost> mean_of(std::span<const ComparedQuery> queries, std::size_t reference,
                                  const Expectation& expectation, const Figure& figure) {
  RoutedCost cost;
  for (const auto& query : queries) {
    std::vector<double> figures;
    for (const auto* result : query.results)
      if (const auto value = figure(*result)) figures.push_back(*value);
    if (figures.size() < query.results.size()) continue;
    ++cost.queries;
    cost.routed += expectation.of(query, figures);
    cost.reference += figures[reference];
  }
  if (cost.queries == 0) return std::nullopt;
  cost.routed /= static_cast<double>(cost.queries);
  cost.reference /= static_cast<double>(cost.queries);
  return cost;
}

}  // namespace

std::optional<double> RoutedCost::saved() const {
  if (!(reference > 0)) return std::nullopt;
  return 1 - routed / reference;
}

Routed route(std::span<const ComparedQuery> queries, std::size_t reference, probes::Scope scope, const Router& router) {
  const Expectation expectation(router, reference);
  const auto joules = [scope](const QueryResult& result) -> std::optional<double> {
    const auto& drawn = result.energy[static_cast<std::size_t>(scope)];
    return drawn ? std::optional(drawn->energy.value) : std::nullopt;
  };
  const auto seconds = [](const QueryResult& result) -> std::optional<double> {
    return result.seconds ? std::optional(result.seconds->value) : std::nullopt;
  };
  Routed routed;
  const auto score = mean_of(queries, reference, expectation, [](const QueryResult& r) { return r.score; });
  if (score) routed.score = score->routed;
  if (score) routed.reference_score = score->reference;
  routed.joules = mean_of(queries, reference, expectation, joules);
  routed.dollars = mean_of(queries, reference, expectation, [](const QueryResult& r) { return r.dollars; });
  routed.seconds = mean_of(queries, reference, expectation, seconds);
  return routed;
}

}  // namespace ipw
