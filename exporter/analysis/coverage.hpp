#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/analysis/proportion.hpp"
#include "exporter/analysis/query_results.hpp"

namespace ipw {

// Whether a target did as well as the reference on a query: its score is no lower, or, where it alone was judged by
// comparison, the comparison was won or tied. Both wrong is as good.
bool as_good(const QueryResult& result, const QueryResult& reference);

// On which share of the queries a target is as good as the reference (METHODOLOGY, "Coverage and routing").
struct Coverage {
  Proportion all;
  std::map<std::string, Proportion> by_subject;
};
// REQUIRES: each query has two results, the target's and the reference's.
Coverage coverage(std::span<const ComparedQuery> queries);

// How many options a query offers, for those of multiple choice; nothing where that is not known.
using OptionsOf = std::function<std::optional<std::size_t>(std::string_view query)>;

// What several targets do together: a query counts when at least one of them does it.
struct Union {
  Proportion as_good, solved;
  // The share that as many targets would solve by guessing, each on its own. Nothing where the options of a query are
  // not known.
  std::optional<double> chance;
};
// `reference`: which of the results is the reference's; the others are the union's.
Union union_of(std::span<const ComparedQuery> queries, std::size_t reference, const OptionsOf& options_of);

// How many queries each target is the first to solve, in the order of the results: their difficulty. The last count is
// of those that nobody solves. REQUIRES: each query has `targets` results.
std::vector<std::uint64_t> difficulty(std::span<const ComparedQuery> queries, std::size_t targets);

}  // namespace ipw
