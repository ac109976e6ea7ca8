#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/record.hpp"
#include "replay/judge.hpp"

namespace ipw {

// What all attempts of a query drew in one scope, together. Only `valid` energy may enter a ratio.
struct QueryEnergy {
  probes::Scope scope{};
  probes::Quality quality{};
  bool valid{true};
  Joules gross{0}, active{0};
  Seconds busy{0};  // its share of the time
  double watts{0};  // mean power of the scope while it ran: the published IPW's P
  bool operator==(const QueryEnergy&) const = default;
};

// A query of which everything is known: it is final, not cancelled, its energy is settled, and it is judged. What
// windows and regressions are made from, live and out of the journal alike: the same fields, the same values.
struct CompletedQuery {
  std::string target, corpus, query_id, subject, language;
  std::string model{}, accelerator{};
  std::string epoch;       // what ran: the digest of its identity (regression/epoch.hpp); "" where it is not known
  std::uint64_t cycle{0};  // how many times the corpus was begun before
  WallTime ended_at{};
  replay::Outcome outcome{};
  replay::VerdictKind verdict{};
  double score{0};
  std::optional<Seconds> duration, time_to_first_token;  // of answered queries: the last attempt's
  std::optional<std::int64_t> input_tokens, output_tokens;
  std::optional<double> cost_usd;     // of all attempts; nothing where one of them is unknown
  std::optional<double> concurrency;  // mean number of our attempts in flight while the last attempt ran
  std::vector<QueryEnergy> energy;    // at most one per scope
  bool operator==(const CompletedQuery&) const = default;
};

// REQUIRES: `attempts` are all of one query, in their order; the last one is final and has a verdict.
CompletedQuery completed_query(std::span<const AttemptRecord> attempts);

}  // namespace ipw
