#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/analysis/finished_queries.hpp"
#include "exporter/analysis/proportion.hpp"

namespace ipw {

// Joules that went into queries up to their first success, failed attempts included.
struct JoulesToSuccess {
  std::uint64_t queries{0};
  double mean{0};
  std::optional<double> median;  // nothing of fewer queries than it needs
};

// How often a target fails before it first succeeds (METHODOLOGY, "Attempts until success"). A try is an attempt that
// was answered and judged. Takes queries in any order.
class Tries {
 public:
  // Queries that need more failures than one, below which the tail is not estimated.
  static constexpr std::uint64_t kMinimumTail = 30;

  // Passes over queries that are not judged yet, and those of which attempts are missing.
  void add(const FinishedQuery& query);

  std::uint64_t queries() const { return solved() + never_solved(); }
  std::uint64_t solved() const;
  std::uint64_t never_solved() const;
  std::uint64_t most_tries() const { return most_tries_; }  // of a query: beyond it nothing is known
  // By the number of failures, how many queries were solved after so many.
  const std::map<std::uint64_t, std::uint64_t>& failures() const { return failures_; }
  Proportion solved_at_once() const;  // pass@1: a query without a try is not solved

  // Over the solved ones. What is never solved would raise both: they are lower bounds where there is any.
  std::optional<double> mean() const;
  std::optional<double> variance() const;  // of the population

  // `a` of P(X > x) ~ x^-a for x >= 1, X the number of failures: by maximum likelihood, where queries that were never
  // solved tell that theirs is at least as great as their failures. Nothing below kMinimumTail or where the tail has no
  // power law.
  std::optional<Estimate> tail_exponent() const;

  std::map<EnergyLabels, JoulesToSuccess> joules() const;

 private:
  std::map<std::uint64_t, std::uint64_t> failures_, unsolved_;  // by failures: solved after, never solved in
  std::uint64_t most_tries_{0};
  std::map<EnergyLabels, std::vector<double>> joules_;
};

}  // namespace ipw
