#include "exporter/store/journal.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/log.hpp"
#include "exporter/analysis/finished_queries.hpp"
#include "exporter/store/journal_file.hpp"
#include "exporter/store/journal_rescue.hpp"
#include "exporter/store/journal_sql.hpp"
#include "exporter/store/record_reader.hpp"
#include "exporter/store/record_writer.hpp"

namespace ipw {
namespace {

constexpr std::int64_t kRowsAtATime = 256;

// Only the filter that leaves the fewest rows is left to an index (a `+` keeps a term from one), because the rows then
// come in the order of storing and the limit ends the search.
std::string select_queries(std::string_view columns, const QueryFilter& filter) {
  std::string where;
  for (const auto& [column, value] : {std::pair("verdict", &filter.verdict), std::pair("outcome", &filter.outcome),
                                      std::pair("target", &filter.target)})
    if (!value->empty()) where += (where.empty() ? " WHERE " : " AND +") + std::string(column) + " = ?";
  return "SELECT " + std::string(columns) + " FROM attempts" + where + " ORDER BY number DESC LIMIT ?";
}

}  // namespace

struct Journal::Impl {
  struct Writer {
    Database database;
    RecordWriter rows;
  };
  struct Reader {
    Database database;
    RecordReader rows;
  };

  Error failed(const Error& error, const std::string& what) const {
    return {error.code, "journal " + path + ": " + what + ": " + error.message};
  }
  Error unreadable(const Error& error) const { return failed(error, "cannot be read"); }
  Result<void> write(const std::string& what, const std::function<Result<void>()>& rows);
  Result<void> add_all(const std::vector<AttemptRecord>& records);
  Result<std::optional<std::int64_t>> label(const std::string& text);
  Result<std::vector<AttemptRecord>> read_all(Statement& statement);
  // Of the attempts for which `where` holds, a further condition in SQL.
  Result<void> for_each(const std::string& where, bool texts, const std::function<bool(const AttemptRecord&)>& each);

  std::string path;
  JournalLock lock;
  std::mutex writing;
  std::unique_ptr<Writer> writer;  // null when read_only
  std::mutex reading;
  std::unique_ptr<Reader> reader;
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options) {
  auto impl = std::make_unique<Impl>();
  std::error_code ignored;
  // Two names of one file must meet at one lock.
  const auto path = std::filesystem::weakly_canonical(options.path, ignored).string();
  impl->path = path.empty() ? options.path : path;
  if (!options.read_only) {
    auto lock = JournalLock::acquire(impl->path);
    if (!lock) return lock.error();
    impl->lock = std::move(*lock);
    if (auto ok = rescue_if_damaged(impl->path); !ok) return ok.error();
    auto database = open_journal_file(impl->path, Database::Mode::read_write);
    if (!database) return database.error();
    impl->writer = std::make_unique<Impl::Writer>(Impl::Writer{std::move(*database), {}});
    auto rows = RecordWriter::open(impl->writer->database, options.keep_answers);
    if (!rows) return impl->unreadable(rows.error());
    impl->writer->rows = std::move(*rows);
  }
  auto database = open_journal_file(impl->path, Database::Mode::read_only);
  if (!database) return database.error();
  impl->reader = std::make_unique<Impl::Reader>(Impl::Reader{std::move(*database), {}});
  auto rows = RecordReader::open(impl->reader->database);
  if (!rows) return impl->unreadable(rows.error());
  impl->reader->rows = std::move(*rows);
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Result<void> Journal::append(const std::vector<AttemptRecord>& records) {
  if (records.empty()) return {};
  return impl_->write(std::to_string(records.size()) + " attempts", [&] { return impl_->add_all(records); });
}

Result<void> Journal::judge(const std::vector<LateVerdict>& verdicts) {
  if (verdicts.empty()) return {};
  return impl_->write(std::to_string(verdicts.size()) + " verdicts", [&] {
    for (const auto& late : verdicts)
      if (auto ok = impl_->writer->rows.judge(late); !ok) return ok;
    return Result<void>{};
  });
}

Result<void> Journal::keep_judgement(const std::string& question, double score) {
  return impl_->write("a judgement", [&]() -> Result<void> {
    auto statement =
        impl_->writer->database.prepare("INSERT OR REPLACE INTO judgements (question, score) VALUES (?,?)");
    if (!statement) return statement.error();
    return statement->bind(question).bind(score).run();
  });
}

Result<std::optional<double>> Journal::judgement(const std::string& question) const {
  std::lock_guard lock(impl_->reading);
  auto statement = impl_->reader->database.prepare("SELECT score FROM judgements WHERE question = ?");
  if (!statement) return impl_->unreadable(statement.error());
  const auto row = statement->bind(question).step();
  if (!row) return impl_->unreadable(row.error());
  return *row ? statement->number() : std::nullopt;
}

// All of it or nothing.
Result<void> Journal::Impl::write(const std::string& what, const std::function<Result<void>()>& rows) {
  std::lock_guard alone(writing);
  if (!writer) return Error{Errc::internal, "journal " + path + " was opened for reading only"};
  auto& database = writer->database;
  auto ok = database.execute("BEGIN IMMEDIATE");
  if (ok) ok = rows();
  if (ok) ok = database.execute("COMMIT");
  if (ok) return {};
  // SQLite has rolled back by itself after some errors.
  if (database.in_transaction()) static_cast<void>(database.execute("ROLLBACK"));
  writer->rows.forget();
  auto error = failed(ok.error(), "cannot store " + what);
  if (error.code == Errc::retry)
    error.message += ": see that its disk has room; nothing is lost while the program runs";
  return error;
}

Result<void> Journal::Impl::add_all(const std::vector<AttemptRecord>& records) {
  for (const auto& record : records) {
    const auto outcome = writer->rows.add(record);
    if (!outcome) return outcome.error();
    if (*outcome == RecordWriter::Outcome::finished)
      log_error("an attempt was not stored: its query is finished in this cycle already",
                {{"attempt", record.id},
                 {"query", record.query_id},
                 {"target", record.target},
                 {"cycle", std::to_string(record.cycle)}});
  }
  return {};
}

Result<std::optional<std::int64_t>> Journal::Impl::label(const std::string& text) {
  auto number = reader->rows.labels().find(text);
  if (!number) return unreadable(number.error());
  return number;
}

Result<std::vector<AttemptRecord>> Journal::Impl::read_all(Statement& statement) {
  std::vector<AttemptRecord> records;
  while (true) {
    const auto row = statement.step();
    if (!row) return unreadable(row.error());
    if (!*row) return records;
    auto record = reader->rows.read(statement);
    if (!record) return unreadable(record.error());
    records.push_back(std::move(*record));
  }
}

Result<std::optional<std::uint64_t>> Journal::last_cycle(const std::string& target, const std::string& corpus) const {
  std::lock_guard lock(impl_->reading);
  const auto target_number = impl_->label(target), corpus_number = impl_->label(corpus);
  if (!target_number || !corpus_number) return (!target_number ? target_number : corpus_number).error();
  std::optional<std::uint64_t> newest;
  if (!*target_number || !*corpus_number) return newest;
  // Each of the two indexes covers one half of the rows.
  for (const auto* half : {"done = 1", "done = 0"}) {
    auto statement = impl_->reader->database.prepare(
        "SELECT max(cycle) FROM attempts WHERE target = ? AND corpus = ? AND " + std::string(half));
    if (!statement) return impl_->unreadable(statement.error());
    const auto row = statement->bind(*target_number).bind(*corpus_number).step();
    if (!row) return impl_->unreadable(row.error());
    const auto cycle = *row ? statement->integer() : std::nullopt;
    if (cycle) newest = std::max(newest.value_or(0), static_cast<std::uint64_t>(*cycle));
  }
  return newest;
}

Result<void> Journal::for_each_finished(const std::string& target, const std::string& corpus, std::uint64_t cycle,
                                        const std::function<void(const std::string& id)>& each) const {
  std::lock_guard lock(impl_->reading);
  const auto target_number = impl_->label(target), corpus_number = impl_->label(corpus);
  if (!target_number || !corpus_number) return (!target_number ? target_number : corpus_number).error();
  if (!*target_number || !*corpus_number) return {};
  auto statement = impl_->reader->database.prepare(
      "SELECT query_id FROM attempts WHERE target = ? AND corpus = ? AND cycle = ? AND done = 1");
  if (!statement) return impl_->unreadable(statement.error());
  statement->bind(*target_number).bind(*corpus_number).bind(static_cast<std::int64_t>(cycle));
  while (true) {
    const auto row = statement->step();
    if (!row) return impl_->unreadable(row.error());
    if (!*row) return {};
    each(statement->text());
  }
}

Result<std::vector<AttemptRecord>> Journal::queries(const QueryFilter& filter) const {
  std::lock_guard lock(impl_->reading);
  auto statement = impl_->reader->database.prepare(select_queries(impl_->reader->rows.columns(), filter));
  if (!statement) return impl_->unreadable(statement.error());
  for (const auto* value : {&filter.verdict, &filter.outcome, &filter.target}) {
    if (value->empty()) continue;
    const auto number = impl_->label(*value);
    if (!number) return number.error();
    if (!*number) return std::vector<AttemptRecord>{};
    statement->bind(*number);
  }
  statement->bind(static_cast<std::int64_t>(filter.limit));
  return impl_->read_all(*statement);
}

Result<std::optional<AttemptRecord>> Journal::find(const std::string& attempt_id) const {
  std::lock_guard lock(impl_->reading);
  auto statement = impl_->reader->database.prepare("SELECT " + std::string(impl_->reader->rows.columns()) +
                                                   " FROM attempts WHERE id = ?");
  if (!statement) return impl_->unreadable(statement.error());
  auto records = impl_->read_all(statement->bind(attempt_id));
  if (!records) return records.error();
  if (records->empty()) return std::optional<AttemptRecord>();
  return std::optional(std::move(records->front()));
}

Result<std::vector<AttemptRecord>> Journal::same_query(const AttemptRecord& record) const {
  std::lock_guard lock(impl_->reading);
  const auto target = impl_->label(record.target), corpus = impl_->label(record.corpus);
  if (!target || !corpus) return (!target ? target : corpus).error();
  if (!*target || !*corpus) return std::vector<AttemptRecord>();
  auto statement =
      impl_->reader->database.prepare("SELECT " + impl_->reader->rows.columns(false) + std::string(kSameQuery));
  if (!statement) return impl_->unreadable(statement.error());
  const auto cycle = static_cast<std::int64_t>(record.cycle);
  return impl_->read_all(statement->bind(**target).bind(**corpus).bind(record.query_id).bind(cycle));
}

Result<std::optional<std::string>> Journal::answer(const std::string& target, const std::string& corpus,
                                                   const std::string& query_id) const {
  std::lock_guard lock(impl_->reading);
  const auto target_number = impl_->label(target), corpus_number = impl_->label(corpus);
  if (!target_number || !corpus_number) return (!target_number ? target_number : corpus_number).error();
  if (!*target_number || !*corpus_number) return std::optional<std::string>();
  auto statement = impl_->reader->database.prepare(kNewestAnswer);
  if (!statement) return impl_->unreadable(statement.error());
  const auto row = statement->bind(*target_number).bind(*corpus_number).bind(query_id).step();
  if (!row) return impl_->unreadable(row.error());
  return *row ? std::optional(statement->text()) : std::nullopt;
}

Result<void> Journal::for_each(const std::function<bool(const AttemptRecord&)>& each) const {
  return impl_->for_each("", true, each);
}

Result<void> Journal::for_each_completed(const CompletedFilter& filter,
                                         const std::function<void(const CompletedQuery&)>& each) const {
  const auto since = std::chrono::floor<std::chrono::microseconds>(filter.since.time_since_epoch()).count();
  std::string where = filter.since > WallTime{} ? " AND ended_us >= " + std::to_string(since) : "";
  for (const auto& [column, text] : {std::pair("target", &filter.target), std::pair("epoch", &filter.epoch)}) {
    if (text->empty()) continue;
    std::lock_guard alone(impl_->reading);
    const auto number = impl_->label(*text);
    if (!number) return number.error();
    if (!*number) return {};
    where.append(" AND ").append(column).append(" = ").append(std::to_string(**number));
  }
  FinishedQueries queries([&](const FinishedQuery& query) {
    if (query.whole() && query.last().verdict) each(completed_query(query.attempts));
  });
  return impl_->for_each(where, false, [&](const AttemptRecord& record) {
    queries.add(record);
    return true;
  });
}

Result<void> Journal::Impl::for_each(const std::string& where, bool texts,
                                     const std::function<bool(const AttemptRecord&)>& each) {
  std::int64_t first = 0, last = 0;
  for (bool begun = false; !begun || first < last; first += kRowsAtATime, begun = true) {
    std::unique_lock alone(reading);
    if (!begun) {
      const auto newest = reader->database.integer("SELECT max(number) FROM attempts");
      if (!newest) return unreadable(newest.error());
      last = *newest;
    }
    auto statement =
        reader->database.prepare("SELECT " + reader->rows.columns(texts) +
                                 " FROM attempts WHERE number > ? AND number <= ?" + where + " ORDER BY number");
    if (!statement) return unreadable(statement.error());
    const auto records = read_all(statement->bind(first).bind(std::min(last, first + kRowsAtATime)));
    if (!records) return records.error();
    alone.unlock();
    for (const auto& record : *records)
      if (!each(record)) return {};
  }
  return {};
}

Result<std::vector<JournalTotals>> Journal::totals() const {
  std::lock_guard lock(impl_->reading);
  const auto valid = impl_->label(std::string(to_text(Validity::ok)));
  if (!valid) return valid.error();
  std::vector<JournalTotals> all;
  if (!*valid) return all;
  auto statement = impl_->reader->database.prepare(kMetered);
  if (!statement) return impl_->unreadable(statement.error());
  statement->bind(*valid);

  std::map<std::array<std::int64_t, 3>, JournalTotals> sums;
  while (true) {
    const auto row = statement->step();
    if (!row) return impl_->unreadable(row.error());
    if (!*row) break;
    std::array<std::int64_t, 3> labels{};
    for (auto& label : labels) label = statement->integer().value_or(0);
    const auto score = statement->number(), joules = statement->number();
    if (!joules) continue;
    auto& sum = sums[labels];
    ++sum.queries;
    sum.score += score.value_or(0);
    sum.energy += Joules{*joules};
  }
  for (auto& [labels, sum] : sums) {
    auto target = impl_->reader->rows.labels().text(labels[0]);
    const auto scope = impl_->reader->rows.scope(labels[1]);
    const auto quality = impl_->reader->rows.quality(labels[2]);
    if (!target || !scope || !quality)
      return impl_->unreadable(!target ? target.error() : !scope ? scope.error() : quality.error());
    sum.target = std::move(*target);
    sum.scope = *scope;
    sum.quality = *quality;
    all.push_back(std::move(sum));
  }
  return all;
}

Result<Spent> Journal::spent_since(const std::string& target, WallTime since) const {
  std::lock_guard lock(impl_->reading);
  const auto target_number = impl_->label(target),
             scope = impl_->label(std::string(to_text(probes::Scope::accelerator)));
  if (!target_number || !scope) return (!target_number ? target_number : scope).error();
  Spent spent;
  if (!*target_number) return spent;
  const auto micros = std::chrono::floor<std::chrono::microseconds>(since.time_since_epoch()).count();
  auto statement = impl_->reader->database.prepare(kSpent);
  if (!statement) return impl_->unreadable(statement.error());
  const auto row = statement->bind(micros).bind(micros).bind(scope->value_or(-1)).bind(*target_number).step();
  if (!row) return impl_->unreadable(row.error());
  spent.queries = static_cast<std::uint64_t>(statement->integer().value_or(0));
  spent.dollars = statement->number().value_or(0);
  spent.joules = Joules{statement->number().value_or(0)};
  return spent;
}

}  // namespace ipw
