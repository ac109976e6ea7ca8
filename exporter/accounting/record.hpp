#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "probes/topology.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// Whether an energy may be believed, and if not, why (CONTRACT, `energy_validity`).
enum class Validity {
  ok,
  shared,     // other requests than ours ran at the same time on the server
  gap,        // the power source was silent for a part of it
  reset,      // the counter was reset within it
  too_short,  // shorter than what the sensor can resolve
};
constexpr std::size_t kValidities = 5;
std::string_view to_text(Validity validity);

// What one attempt drew in one scope, all its devices together.
struct ScopeEnergy {
  probes::Scope scope{};
  probes::Quality quality{};
  Validity validity{Validity::ok};
  Joules gross{0};               // idle share included
  Joules active{0};              // gross less the idle floor's share
  Joules prefill{0}, decode{0};  // of the active part
  Joules sd{0};                  // one standard deviation of gross
  Watts mean_power{0};           // of the whole scope while the attempt ran: the published IPW's P
  Seconds busy{0};               // this attempt's share of the time it ran (all of it when it ran alone)
};

// One attempt as the books, the journal, the API and `export` know it. Times are wall times: this is a record.
struct AttemptRecord {
  std::string id;        // the attempt's
  std::string query_id;  // the corpus line's
  int attempt{1};
  bool final{false};
  std::string target, model, accelerator, corpus, subject, language;
  std::uint64_t cycle{0};
  std::string epoch;  // what ran: the digest of its identity (regression/epoch.hpp); "" where it is not known

  replay::Outcome outcome{};
  std::string outcome_reason;  // why it failed
  // Only for final attempts that were judged.
  std::optional<replay::VerdictKind> verdict;
  std::optional<double> score;
  std::string verdict_reason;
  std::string judge;                           // whose verdict it is
  std::optional<replay::VerdictKind> control;  // a deterministic judge's, where a model's verdict can be checked by one

  WallTime scheduled_at, sent_at, ended_at;
  std::optional<WallTime> first_token_at, last_token_at;
  std::optional<Seconds> duration, scheduled_duration;  // sent, scheduled to last token; only of answered attempts
  std::optional<Seconds> time_to_first_token, time_to_answer;
  replay::Usage usage;
  std::optional<std::int64_t> chunks;  // pieces of text that the server sent; what older journals do not know
  replay::ServerTimings server;
  std::optional<Seconds> client_lag;  // the longest that its bytes had arrived and were not yet read
  replay::ServerLoad load;
  std::optional<double> concurrency;  // mean number of our attempts in flight while it ran
  std::optional<double> cost_usd;
  std::vector<ScopeEnergy> energy;  // at most one per scope; empty where nothing is metered
  std::string problem, answer;
  std::vector<std::pair<std::string, std::string>> slices;  // the corpus line's fields that are slices: name, value
};

// A verdict that came after its attempt was recorded.
struct LateVerdict {
  std::string attempt_id;
  replay::Verdict verdict;
  std::string judge;
  std::optional<replay::VerdictKind> control;
};

// What the attempt itself tells; target, verdict, energy, concurrency and cost are left open.
AttemptRecord record_of(const replay::Attempt& attempt, const WallAnchor& anchor);

}  // namespace ipw
