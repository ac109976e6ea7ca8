#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/analysis/proportion.hpp"
#include "exporter/analysis/query_results.hpp"

namespace ipw {

// The change from the reference to a target over the queries that both have, pair by pair (METHODOLOGY, "Paired
// comparison"): what both find easy or dear cancels out.
struct PairedChange {
  std::uint64_t queries{0};
  std::uint64_t gained{0}, lost{0};  // solved by the target alone, by the reference alone
  std::uint64_t both{0}, neither{0};
  std::optional<Estimate> accuracy;  // difference of the mean scores; nothing below kMinimumQueries
  std::uint64_t metered{0};          // queries whose energy is known of both, in the same quality
  std::optional<Estimate> energy;    // ratio of the joules; nothing below kMinimumQueries
  std::optional<Estimate> duration;  // ratio of the seconds
};

// A query that one of the two solves and the other does not, or whose energy changed.
struct MovedQuery {
  std::string id, subject;
  double score{0}, reference_score{0};
  std::optional<double> joules, reference_joules;
};

struct PairedComparison {
  static constexpr std::size_t kShown = 20;

  std::string target;
  probes::Scope scope{};  // of the joules: the narrowest in which a query is metered at both
  PairedChange all;
  std::map<std::string, PairedChange> subjects;
  std::vector<MovedQuery> gained, lost;     // by id, at most kShown each
  std::vector<MovedQuery> dearer, cheaper;  // the greatest change of joules first, at most kShown each
};

// REQUIRES: each query has two results, the target's and the reference's.
PairedComparison compare_pairs(const std::string& target, std::span<const ComparedQuery> queries);

}  // namespace ipw
