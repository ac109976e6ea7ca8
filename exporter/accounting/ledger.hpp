#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exporter/accounting/attribution.hpp"
#include "exporter/accounting/client_lag.hpp"
#include "exporter/accounting/completed_query.hpp"
#include "exporter/accounting/judge_counts.hpp"
#include "exporter/accounting/live_coverage.hpp"
#include "exporter/accounting/pricing.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// What the ledger must know of a target beforehand, so that every series exists at 0 from the start.
struct LedgerTarget {
  TargetInfo info;
  std::vector<EnergyLabels> metered_scopes;
  std::optional<Pricing> pricing;
  std::vector<Slice> slices;                // subject and language pairs of the corpus, as far as they are known
  std::vector<std::string> extra_slices{};  // names of the corpus lines' other fields that are slices
  int until_success{1};                     // how often a query may be tried until it is right
  std::uint64_t first_cycle{0};             // the cycle that this process begins or goes on with,
  std::uint64_t done_before{0};             // and how many of its queries the journal already has
  bool reference{false};                    // the other targets' answers are compared with this one's
  std::vector<AttemptRecord> failures{};    // the newest ones that the journal has, newest first
};

// Adds everything up. Counters only rise, start at 0 with the process, and obey the contract's laws at every snapshot.
// Subject and language come from the corpus: the first 64 pairs are kept apart, later ones are booked as `other`.
// Warm-up queries are in flight like others, and counted nowhere. Owned by the accountant; one thread.
class Ledger {
 public:
  static constexpr std::size_t kFailures = 20;  // that a target's snapshot shows at most

  Ledger(std::vector<LedgerTarget> targets, const std::vector<Book>& books, const WallAnchor& anchor,
         std::optional<JudgeCounts> judge = {});

  // What a target runs from then on; queries that were sent before keep the epoch of that time.
  void begin_epoch(std::size_t target, MonoTime at, std::string digest);

  void on(const replay::Started& event);
  // Counts outcomes and latencies at once; energy follows with book().
  void on(const replay::Finished& event);
  void on(const replay::JudgementDeferred& event);
  void on(const replay::Judged& event);
  void on(const replay::JudgeAudited& event);
  void on(const replay::Paused& event);
  void on(const replay::LoadSeen& event);
  // Takes over a settlement. Returns the records of queries that are now complete: settled, and judged where a verdict
  // is due; all attempts of a query together, in their order, so that they can be stored together. Queries whose
  // verdict is still to come are returned by the call after their Judged; at once, and without it, where it was
  // deferred. Only measured queries have records.
  std::vector<AttemptRecord> book(const Settlement& settlement);
  // The verdicts on attempts whose records were given before, since the last call.
  std::vector<LateVerdict> late_verdicts() { return std::exchange(late_, {}); }

  // The queries of which everything is known since the last call, in the order in which that came.
  std::vector<CompletedQuery> completed() { return std::exchange(completed_, {}); }

  // The counters as they stand, without the parts that come from elsewhere (channels, process).
  Snapshot snapshot(MonoTime now) const;

 private:
  // A query of which the energy or the verdict is still to come.
  struct Pending {
    std::vector<BookedAttempt> booked;
    std::optional<replay::Judged> judged;
    bool deferred{false};  // the verdict may come much later: the record does not wait for it,
    bool recorded{false};  // and was given already
  };

  Slice slice_of(const replay::Query& query);
  std::vector<Slice> extra_slices_of(const replay::Query& query);
  void add_slice(TargetSnapshot& counts, const Slice& slice);
  void count_final(TargetSnapshot& counts, const replay::Attempt& attempt);
  void count_tries(TargetSnapshot& counts, const Pending& query) const;
  void count_failure(TargetSnapshot& counts, const replay::Attempt& attempt);
  const std::string& epoch_of(const replay::Attempt& attempt) const;
  void describe(AttemptRecord& record, const replay::Attempt& attempt) const;
  void complete(const replay::Query* query);  // if it is
  void meter(TargetSnapshot& counts, const Slice& slice, const Pending& query);
  std::vector<AttemptRecord> records_of(const Pending& query);

  std::vector<LedgerTarget> targets_;
  WallAnchor anchor_;
  std::vector<TargetSnapshot> counts_;  // by target, as is
  std::vector<RecentAttempts> recent_;
  struct Began {
    MonoTime at;
    std::string digest;
  };
  std::vector<std::vector<Began>> epochs_;  // by target, the newest last
  std::vector<BookSnapshot> books_;
  std::set<Slice> slices_;  // those that are kept apart
  std::map<std::string, std::set<std::string>> extra_values_;
  std::optional<MonoTime> watermark_;
  ClientLag client_lag_;
  std::unordered_map<const replay::Query*, Pending> pending_;
  std::vector<AttemptRecord> complete_;  // since the last book()
  std::vector<LateVerdict> late_;
  std::vector<CompletedQuery> completed_;
  std::optional<JudgeCounts> judge_;
  std::optional<LiveCoverage> coverage_;
};

}  // namespace ipw
