#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exporter/accounting/record.hpp"
#include "exporter/store/database.hpp"
#include "exporter/store/labels.hpp"

namespace ipw {

// Reads records from the rows of the journal.
class RecordReader {
 public:
  static Result<RecordReader> open(Database& database);

  // What a statement selects for read(): `SELECT <columns> FROM attempts ...`. Without texts, problems and answers stay
  // empty, which is much faster.
  std::string columns(bool texts = true) const;
  // REQUIRES: `row` is at a row of columns(). Errors: invalid, for what this version does not know.
  Result<AttemptRecord> read(Statement& row);
  Labels& labels() { return labels_; }
  // What a label's number stands for in columns of these kinds.
  Result<probes::Scope> scope(std::int64_t label);
  Result<probes::Quality> quality(std::int64_t label);

 private:
  template <class Enum>
  Result<Enum> named(std::int64_t label, std::size_t count);
  Result<void> read_labels(Statement& row, AttemptRecord& record);
  Result<void> read_verdict(Statement& row, std::optional<replay::VerdictKind>& verdict);
  Result<void> read_judge(Statement& row, AttemptRecord& record);
  Result<void> read_epoch(Statement& row, AttemptRecord& record);
  Result<void> read_energy(std::int64_t attempt, AttemptRecord& record);
  Result<std::string> problem(std::optional<std::int64_t> number);

  Labels labels_;
  Statement energy_, problem_;
  std::int64_t version_{0};  // of the journal: an older one is read as it is
};

}  // namespace ipw
