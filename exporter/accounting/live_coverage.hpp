#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "replay/attempt.hpp"
#include "replay/id_set.hpp"

namespace ipw {

// Compares the targets with the reference while they are judged, each query by the newest score of each target.
// `report` compares in the same way, but prefers scores of one cycle. Bounded: queries beyond kQueries are not taken,
// and the log says so once. That many hold 9 MB with three targets, and up to 3.2 MB more with each further one. Owned
// by the ledger; one thread.
class LiveCoverage {
 public:
  static constexpr std::size_t kQueries = 100'000;
  // REQUIRES: reference < targets.
  LiveCoverage(std::size_t targets, std::size_t reference, std::size_t most_queries = kQueries);

  // A query that is asked again replaces what it counted for; one that could not be judged changes nothing. A query
  // keeps the subject under which it came first; how many there are is the caller's to bound. REQUIRES: not cancelled.
  void on(const replay::Judged& event, const std::string& subject);
  const CoverageSnapshot& snapshot() const { return counts_; }

 private:
  struct Answer {
    double score{0};
    std::uint32_t cycle{0};
    bool known{false}, solved{false}, pairwise{false};
  };
  std::size_t number_of(const std::string& query, const std::string& subject);  // kNone: it is not taken
  void count(std::size_t number, std::int64_t sign);

  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t targets_, most_;
  replay::IdSet ids_;
  std::vector<std::uint32_t> subject_of_;  // by query
  std::vector<Answer> answers_;            // by query, then by target
  std::vector<std::string> subjects_;
  CoverageSnapshot counts_;
};

}  // namespace ipw
