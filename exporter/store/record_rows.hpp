#pragma once

#include <string>
#include <string_view>

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
  void forget() { labels_.forget(); }

 private:
  Result<void> bind_labels(const AttemptRecord& record);
  Result<std::optional<std::int64_t>> problem(const std::string& text);
  Result<void> add_energy(std::int64_t attempt, const ScopeEnergy& energy);

  Database* database_{nullptr};
  bool keep_answers_{true};
  Labels labels_;
  Statement insert_, exists_, energy_, find_problem_, add_problem_;
};

// Reads them back.
class RecordReader {
 public:
  static Result<RecordReader> open(Database& database);

  // What a statement selects for read(): `SELECT <columns> FROM attempts ...`.
  std::string_view columns() const;
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
  Result<void> read_energy(std::int64_t attempt, AttemptRecord& record);
  Result<std::string> problem(std::optional<std::int64_t> number);

  Labels labels_;
  Statement energy_, problem_;
  std::int64_t version_{0};  // of the journal: an older one is read as it is
};

}  // namespace ipw
