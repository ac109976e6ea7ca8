#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/accounting/budget.hpp"
#include "exporter/accounting/completed_query.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/record_store.hpp"

namespace ipw {

struct JournalOptions {
  std::string path;
  bool keep_answers{true};
  bool read_only{false};  // for `export` and `report`: works beside a running sidecar
};

struct QueryFilter {
  std::string target, verdict, outcome;  // "" : any
  std::size_t limit{100};
};

struct CompletedFilter {
  WallTime since{};           // ended since then
  std::string target, epoch;  // "": any
};

// What the journal holds of one target in one scope: over its metered and judged queries, each with all its attempts.
struct JournalTotals {
  std::string target;
  probes::Scope scope{};
  probes::Quality quality{};
  std::uint64_t queries{0};
  double score{0};
  Joules energy{0};
};

// Every attempt, durable: an SQLite database in WAL mode, mode 0600. An attempt is either wholly there or not at all,
// an attempt id is there once, and a query is finished at most once in a cycle, so that a killed run can be resumed
// without losing or doubling a query. One process writes (it holds `PATH.lock`); any number may read beside it.
// Thread-safe: one writer connection, one reader connection, each behind its lock; reading never waits for writing.
class Journal final : public RecordStore {
 public:
  // Creates or opens. Errors: invalid (not a journal, or written by a newer version: says which), unavailable (cannot
  // be opened, or in use by another sidecar: says by which process).
  static Result<std::unique_ptr<Journal>> open(JournalOptions options);
  ~Journal() override;

  // In one transaction. An attempt that is there already is passed over, so that a batch may be given again. So is,
  // with a line in the log, an attempt that would finish a query which another one has finished in this cycle.
  // Errors: retry, for a full disk or a locked file: nothing was stored; internal, when opened read_only.
  Result<void> append(const std::vector<AttemptRecord>& records) override;

  // In one transaction. Errors: as append().
  Result<void> judge(const std::vector<LateVerdict>& verdicts) override;
  // What a judging model has said of a question. Errors: as append().
  Result<std::optional<double>> judgement(const std::string& question) const;
  Result<void> keep_judgement(const std::string& question, double score);

  // Where to go on. The newest cycle that has a record of this target and corpus, or nothing.
  Result<std::optional<std::uint64_t>> last_cycle(const std::string& target, const std::string& corpus) const;
  // Tells the id of every query that is finished for good in that cycle (cancelled ones are not), each once.
  Result<void> for_each_finished(const std::string& target, const std::string& corpus, std::uint64_t cycle,
                                 const std::function<void(const std::string& id)>& each) const;

  // Newest first.
  Result<std::vector<AttemptRecord>> queries(const QueryFilter& filter) const;
  Result<std::optional<AttemptRecord>> find(const std::string& attempt_id) const;
  // The attempts of the same query of the corpus at the same target, its own among them, in the cycles up to five
  // before and after its own. Oldest first.
  Result<std::vector<AttemptRecord>> same_query(const AttemptRecord& record) const;
  // Oldest first, what is stored now, in bounded memory. Stops when `each` returns false; no lock is held meanwhile.
  Result<void> for_each(const std::function<bool(const AttemptRecord&)>& each) const;
  // The same for queries of which everything is known; in the order of storing.
  Result<void> for_each_completed(const CompletedFilter& filter,
                                  const std::function<void(const CompletedQuery&)>& each) const;
  // What a target has answered to a query, in its newest cycle or the one before; or nothing.
  Result<std::optional<std::string>> answer(const std::string& target, const std::string& corpus,
                                            const std::string& query_id) const;
  Result<std::vector<JournalTotals>> totals() const;
  // What a target has taken of its budget since then, by the times at which its queries were sent and ended.
  Result<Spent> spent_since(const std::string& target, WallTime since) const;

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipw
