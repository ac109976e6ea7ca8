#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "exporter/analysis/finished_queries.hpp"

namespace ipw {

constexpr std::size_t kScopes = 3;

// What one target made of one query in one cycle, and what that took, all its attempts together.
struct QueryResult {
  std::uint64_t cycle{0};
  double score{0};
  bool solved{false};                                // correct, or as good as what it was compared with
  bool pairwise{false};                              // the score is of a comparison
  std::array<std::optional<Drawn>, kScopes> energy;  // by scope
  std::optional<double> dollars;
  std::optional<Seconds> seconds;  // from the first attempt's sending to the last one's end
};

// A query as several targets answered it.
struct ComparedQuery {
  std::string_view id, subject;
  std::vector<const QueryResult*> results;  // in the order of the targets asked for; never null
};

// The judged results of all targets, by query.
class QueryResults {
 public:
  // So many cycles of a query are kept for each target: the newest.
  static constexpr std::size_t kCycles = 8;

  // Takes queries in any order. What is not judged, or not whole, is passed over.
  void add(const FinishedQuery& query);

  // The queries that each of these targets has a result of, each once: from the newest cycle that all of them have, or,
  // where they share none, each from its own newest one. By corpus and id. Valid until the next add().
  std::vector<ComparedQuery> common(std::span<const std::string> targets) const;

 private:
  struct Asked {
    std::string subject;
    std::map<std::string, std::vector<QueryResult>> by_target;  // newest cycle first
  };
  static std::optional<ComparedQuery> compared(const Asked& asked, std::span<const std::string> targets);

  std::map<std::pair<std::string, std::string>, Asked> queries_;  // by corpus and id
};

}  // namespace ipw
