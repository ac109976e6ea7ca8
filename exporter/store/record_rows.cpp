#include "exporter/store/record_rows.hpp"

#include <cmath>
#include <initializer_list>
#include <limits>

namespace ipw {
namespace {

#define IPW_COLUMNS                                                                              \
  "id, query_id, attempt, final, cycle, target, model, accelerator, corpus, subject, language, " \
  "outcome, verdict, outcome_reason, verdict_reason, score, "                                    \
  "scheduled_us, sent_us, ended_us, first_token_us, last_token_us, "                             \
  "duration_s, scheduled_duration_s, time_to_first_token_s, time_to_answer_s, "                  \
  "input_tokens, cached_tokens, output_tokens, reasoning_tokens, concurrency, cost_usd, answer, problem"
// Since version 2 of the journal.
#define IPW_STREAM_COLUMNS "chunks, server_load_s, server_queue_s, server_prefill_s, server_decode_s, server_total_s"
#define IPW_STREAM_NULLS "NULL, NULL, NULL, NULL, NULL, NULL"
// Since version 3.
#define IPW_LOAD_COLUMNS "server_running, server_waiting, foreign_running, client_lag_s"
#define IPW_LOAD_NULLS "NULL, NULL, NULL, NULL"

constexpr std::string_view kInsertAttempt =
    "INSERT INTO attempts (" IPW_COLUMNS ", " IPW_STREAM_COLUMNS ", " IPW_LOAD_COLUMNS
    ", done) VALUES "
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING";
constexpr std::string_view kEnergyColumns =
    "scope, quality, validity, gross_j, active_j, prefill_j, decode_j, sd_j, mean_power_w, busy_s";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();  // stored as NULL

std::int64_t micros(WallTime at) {
  return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::optional<std::int64_t> micros(const std::optional<WallTime>& at) {
  if (!at) return std::nullopt;
  return micros(*at);
}

WallTime wall_time(std::int64_t micros) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(micros)));
}

std::optional<WallTime> wall_time(std::optional<std::int64_t> micros) {
  if (!micros) return std::nullopt;
  return wall_time(*micros);
}

std::optional<double> seconds(const std::optional<Seconds>& s) {
  if (!s) return std::nullopt;
  return s->value;
}

std::optional<Seconds> seconds(std::optional<double> s) {
  if (!s) return std::nullopt;
  return Seconds{*s};
}

// An index over the texts themselves would hold every problem twice. Never changes: it is in the file.
std::int64_t hash(std::string_view text) {
  std::uint64_t fnv1a = 0xcbf29ce484222325U;
  for (const char c : text) fnv1a = (fnv1a ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(fnv1a);
}

struct Preparation {
  Statement* statement;
  std::string sql;
};

Result<void> prepare(Database& database, std::initializer_list<Preparation> all) {
  for (const auto& [statement, sql] : all) {
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

}  // namespace

Result<RecordWriter> RecordWriter::open(Database& database, bool keep_answers) {
  RecordWriter writer;
  writer.database_ = &database;
  writer.keep_answers_ = keep_answers;
  auto labels = Labels::open(database);
  if (!labels) return labels.error();
  writer.labels_ = std::move(*labels);
  auto ok =
      prepare(database, {{&writer.insert_, std::string(kInsertAttempt)},
                         {&writer.exists_, "SELECT 1 FROM attempts WHERE id = ?"},
                         {&writer.energy_, "INSERT INTO energy (attempt, " + std::string(kEnergyColumns) +
                                               ") VALUES (?,?,?,?,?,?,?,?,?,?,?)"},
                         {&writer.find_problem_, "SELECT number FROM problems WHERE hash = ? AND text = ?"},
                         {&writer.add_problem_, "INSERT INTO problems (hash, text) VALUES (?,?) RETURNING number"}});
  if (!ok) return ok.error();
  return writer;
}

Result<RecordWriter::Outcome> RecordWriter::add(const AttemptRecord& record) {
  const auto problem_number = problem(record.problem);
  if (!problem_number) return problem_number.error();
  insert_.reset();
  insert_.bind(record.id).bind(record.query_id).bind(std::int64_t{record.attempt}).bind(std::int64_t{record.final});
  insert_.bind(static_cast<std::int64_t>(record.cycle));
  if (auto ok = bind_labels(record); !ok) return ok.error();
  insert_.bind(record.outcome_reason).bind(record.verdict_reason).bind(record.score);
  insert_.bind(micros(record.scheduled_at)).bind(micros(record.sent_at)).bind(micros(record.ended_at));
  insert_.bind(micros(record.first_token_at)).bind(micros(record.last_token_at));
  insert_.bind(seconds(record.duration)).bind(seconds(record.scheduled_duration));
  insert_.bind(seconds(record.time_to_first_token)).bind(seconds(record.time_to_answer));
  insert_.bind(record.usage.input_tokens).bind(record.usage.cached_tokens);
  insert_.bind(record.usage.output_tokens).bind(record.usage.reasoning_tokens);
  insert_.bind(record.concurrency).bind(record.cost_usd);
  if (keep_answers_)
    insert_.bind(record.answer);
  else
    insert_.bind_null();
  const bool done = record.final && record.outcome != replay::Outcome::cancelled;
  insert_.bind(*problem_number).bind(record.chunks);
  for (const auto& time :
       {record.server.load, record.server.queue, record.server.prefill, record.server.decode, record.server.total})
    insert_.bind(seconds(time));
  insert_.bind(record.load.running).bind(record.load.waiting).bind(record.load.foreign);
  insert_.bind(seconds(record.client_lag));
  insert_.bind(std::int64_t{done});
  if (auto ok = insert_.run(); !ok) return ok.error();

  if (database_->changed_rows() == 0) {
    const auto known = exists_.bind(record.id).step();
    exists_.reset();
    if (!known) return known.error();
    return *known ? Outcome::known : Outcome::finished;
  }
  const auto number = database_->last_row();
  for (const auto& energy : record.energy)
    if (auto ok = add_energy(number, energy); !ok) return ok.error();
  return Outcome::stored;
}

Result<void> RecordWriter::bind_labels(const AttemptRecord& record) {
  for (const auto* text :
       {&record.target, &record.model, &record.accelerator, &record.corpus, &record.subject, &record.language}) {
    const auto number = labels_.find_or_add(*text);
    if (!number) return number.error();
    insert_.bind(*number);
  }
  const auto outcome = labels_.find_or_add(std::string(to_text(record.outcome)));
  if (!outcome) return outcome.error();
  insert_.bind(*outcome);
  if (!record.verdict) {
    insert_.bind_null();
    return {};
  }
  const auto verdict = labels_.find_or_add(std::string(to_text(*record.verdict)));
  if (!verdict) return verdict.error();
  insert_.bind(*verdict);
  return {};
}

Result<std::optional<std::int64_t>> RecordWriter::problem(const std::string& text) {
  if (!keep_answers_ || text.empty()) return std::optional<std::int64_t>();
  for (auto* statement : {&find_problem_, &add_problem_}) {
    const auto row = statement->bind(hash(text)).bind(text).step();
    if (!row) return row.error();
    if (!*row) continue;
    const auto number = statement->integer();
    statement->reset();
    return number;
  }
  return std::optional<std::int64_t>();
}

Result<void> RecordWriter::add_energy(std::int64_t attempt, const ScopeEnergy& energy) {
  energy_.reset();
  energy_.bind(attempt);
  for (const auto text : {to_text(energy.scope), to_text(energy.quality), to_text(energy.validity)}) {
    const auto number = labels_.find_or_add(std::string(text));
    if (!number) return number.error();
    energy_.bind(*number);
  }
  for (const auto joules : {energy.gross, energy.active, energy.prefill, energy.decode, energy.sd})
    energy_.bind(joules.value);
  return energy_.bind(energy.mean_power.value).bind(energy.busy.value).run();
}

Result<RecordReader> RecordReader::open(Database& database) {
  RecordReader reader;
  auto labels = Labels::open(database);
  if (!labels) return labels.error();
  reader.labels_ = std::move(*labels);
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return version.error();
  reader.version_ = *version;
  auto ok =
      prepare(database, {{&reader.energy_, "SELECT " + std::string(kEnergyColumns) + " FROM energy WHERE attempt = ?"},
                         {&reader.problem_, "SELECT text FROM problems WHERE number = ?"}});
  if (!ok) return ok.error();
  return reader;
}

std::string_view RecordReader::columns() const {
  if (version_ >= 3) return IPW_COLUMNS ", " IPW_STREAM_COLUMNS ", " IPW_LOAD_COLUMNS ", number";
  if (version_ == 2) return IPW_COLUMNS ", " IPW_STREAM_COLUMNS ", " IPW_LOAD_NULLS ", number";
  return IPW_COLUMNS ", " IPW_STREAM_NULLS ", " IPW_LOAD_NULLS ", number";
}

Result<AttemptRecord> RecordReader::read(Statement& row) {
  AttemptRecord record;
  record.id = row.text();
  record.query_id = row.text();
  record.attempt = static_cast<int>(row.integer().value_or(0));
  record.final = row.integer().value_or(0) != 0;
  record.cycle = static_cast<std::uint64_t>(row.integer().value_or(0));
  if (auto ok = read_labels(row, record); !ok) return ok.error();
  record.outcome_reason = row.text();
  record.verdict_reason = row.text();
  record.score = row.number();
  for (auto* at : {&record.scheduled_at, &record.sent_at, &record.ended_at}) *at = wall_time(row.integer().value_or(0));
  record.first_token_at = wall_time(row.integer());
  record.last_token_at = wall_time(row.integer());
  for (auto* span : {&record.duration, &record.scheduled_duration, &record.time_to_first_token, &record.time_to_answer})
    *span = seconds(row.number());
  for (auto* tokens : {&record.usage.input_tokens, &record.usage.cached_tokens, &record.usage.output_tokens,
                       &record.usage.reasoning_tokens})
    *tokens = row.integer();
  record.concurrency = row.number();
  record.cost_usd = row.number();
  record.answer = row.text();
  auto text = problem(row.integer());
  if (!text) return text.error();
  record.problem = std::move(*text);
  record.chunks = row.integer();
  for (auto* time :
       {&record.server.load, &record.server.queue, &record.server.prefill, &record.server.decode, &record.server.total})
    *time = seconds(row.number());
  for (auto* count : {&record.load.running, &record.load.waiting, &record.load.foreign}) *count = row.integer();
  record.client_lag = seconds(row.number());
  if (auto ok = read_energy(row.integer().value_or(0), record); !ok) return ok.error();
  return record;
}

template <class Enum>
Result<Enum> RecordReader::named(std::int64_t label, std::size_t count) {
  const auto text = labels_.text(label);
  if (!text) return text.error();
  for (std::size_t i = 0; i < count; ++i)
    if (to_text(static_cast<Enum>(i)) == *text) return static_cast<Enum>(i);
  return Error{Errc::invalid, "`" + *text + "` is not known to this version"};
}

Result<probes::Scope> RecordReader::scope(std::int64_t label) {
  return named<probes::Scope>(label, 3);
}

Result<probes::Quality> RecordReader::quality(std::int64_t label) {
  return named<probes::Quality>(label, 3);
}

Result<void> RecordReader::read_labels(Statement& row, AttemptRecord& record) {
  for (auto* text :
       {&record.target, &record.model, &record.accelerator, &record.corpus, &record.subject, &record.language}) {
    auto label = labels_.text(row.integer().value_or(0));
    if (!label) return label.error();
    *text = std::move(*label);
  }
  const auto outcome = named<replay::Outcome>(row.integer().value_or(0), replay::kOutcomes);
  if (!outcome) return outcome.error();
  record.outcome = *outcome;
  const auto label = row.integer();
  if (!label) return {};
  const auto verdict = named<replay::VerdictKind>(*label, replay::kVerdictKinds);
  if (!verdict) return verdict.error();
  record.verdict = *verdict;
  return {};
}

Result<void> RecordReader::read_energy(std::int64_t attempt, AttemptRecord& record) {
  energy_.reset();
  energy_.bind(attempt);
  while (true) {
    const auto row = energy_.step();
    if (!row) return row.error();
    if (!*row) return {};
    const auto scope_of = scope(energy_.integer().value_or(0));
    const auto quality_of = quality(energy_.integer().value_or(0));
    const auto validity_of = named<Validity>(energy_.integer().value_or(0), kValidities);
    if (!scope_of || !quality_of || !validity_of)
      return !scope_of ? scope_of.error() : !quality_of ? quality_of.error() : validity_of.error();
    ScopeEnergy energy{.scope = *scope_of, .quality = *quality_of, .validity = *validity_of};
    for (auto* joules : {&energy.gross, &energy.active, &energy.prefill, &energy.decode, &energy.sd})
      *joules = Joules{energy_.number().value_or(kUnknown)};
    energy.mean_power = Watts{energy_.number().value_or(kUnknown)};
    energy.busy = Seconds{energy_.number().value_or(kUnknown)};
    record.energy.push_back(energy);
  }
}

Result<std::string> RecordReader::problem(std::optional<std::int64_t> number) {
  if (!number) return std::string{};
  const auto row = problem_.bind(*number).step();
  if (!row) return row.error();
  auto text = *row ? problem_.text() : std::string{};
  problem_.reset();
  return text;
}

}  // namespace ipw
