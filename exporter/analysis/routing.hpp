#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "exporter/analysis/query_results.hpp"

namespace ipw {

// Where a wrong decision sends a query.
enum class Misroute {
  reference,  // to the reference target, so that quality is kept
  elsewhere,  // to any target but the right one, each as likely
};

// Decides for each query on its own, and is right with this probability. Right is what an oracle does: it sends a query
// to the cheapest target that solves it, and to the reference where none does.
struct Router {
  double right{1};  // in [0,1]; 1 is the oracle
  Misroute wrong{Misroute::reference};
};

// A cost a query with the router, and with the reference alone, over the queries whose cost is known of every target.
struct RoutedCost {
  std::uint64_t queries{0};
  double routed{0}, reference{0};
  std::optional<double> saved() const;  // share of the reference's; negative where it is dearer
};

// What to expect of a router (METHODOLOGY, "Coverage and routing").
struct Routed {
  double score{0}, reference_score{0};                 // mean, over all the queries
  std::optional<RoutedCost> joules, dollars, seconds;  // nothing where no query's cost is known of every target
};

// REQUIRES: at least one query; their results are in the order of cost, cheapest first, and `reference` is one of them.
Routed route(std::span<const ComparedQuery> queries, std::size_t reference, probes::Scope scope, const Router& router);

}  // namespace ipw
