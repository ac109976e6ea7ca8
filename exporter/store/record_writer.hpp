#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exporter/accounting/record.hpp"
#include "exporter/store/database.hpp"
#include "exporter/store/labels.hpp"

namespace ipw {

// Writes records into the rows of the journal. REQUIRES: a transaction is open; after its rollback, forget().
class RecordWriter {
 public:
  // Without `keep_answers`, neither problems nor answers are stored.
  static Result<RecordWriter> open(Database& database, bool keep_answers);

  enum class Outcome {
    stored,
    known,     // an attempt of this id is there: the same batch was stored before
    finished,  // the query is finished in this cycle by another attempt, which stays; this one is not stored
  };
  Result<Outcome> add(const AttemptRecord& record);
  // Takes the place of the verdict that the attempt has, if any; an attempt that is not there is passed over.
  Result<void> judge(const LateVerdict& late);
  void forget() { labels_.forget(); }

 private:
  Result<void> bind_labels(const AttemptRecord& record);
  Result<void> bind_verdict(Statement& statement, const std::optional<replay::VerdictKind>& verdict);
  Result<void> bind_judge(const AttemptRecord& record);
  Result<void> bind_epoch(const AttemptRecord& record);
  Result<std::optional<std::int64_t>> problem(const std::string& text);
  Result<void> add_energy(std::int64_t attempt, const ScopeEnergy& energy);

  Database* database_{nullptr};
  bool keep_answers_{true};
  Labels labels_;
  Statement insert_, exists_, judge_, energy_, find_problem_, add_problem_;
};

}  // namespace ipw
