#include "exporter/store/record_writer.hpp"

#include <algorithm>

#include "exporter/store/journal_file.hpp"
#include "exporter/store/record_columns.hpp"

namespace ipw {
namespace {

constexpr std::string_view kJudge =
    "UPDATE attempts SET verdict = ?, score = ?, verdict_reason = ?, judge = ?, control = ? WHERE id = ?";

// All columns of a record, and `done`.
std::string insert_attempt() {
  const auto columns = record_columns(kJournalVersion) + ", done";
  std::string marks;
  for (auto left = std::ranges::count(columns, ',') + 1; left > 0; --left) marks += left > 1 ? "?," : "?";
  return "INSERT INTO attempts (" + columns + ") VALUES (" + marks + ") ON CONFLICT DO NOTHING";
}

std::int64_t micros(WallTime at) {
  return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::optional<std::int64_t> micros(const std::optional<WallTime>& at) {
  if (!at) return std::nullopt;
  return micros(*at);
}

std::optional<double> seconds(const std::optional<Seconds>& s) {
  if (!s) return std::nullopt;
  return s->value;
}

// An index over the texts themselves would hold every problem twice. Never changes: it is in the file.
std::int64_t hash(std::string_view text) {
  std::uint64_t fnv1a = 0xcbf29ce484222325U;
  for (const char c : text) fnv1a = (fnv1a ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(fnv1a);
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
      database.prepare_all({{&writer.insert_, insert_attempt()},
                            {&writer.exists_, "SELECT 1 FROM attempts WHERE id = ?"},
                            {&writer.judge_, std::string(kJudge)},
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
  if (auto ok = bind_judge(record); !ok) return ok.error();
  if (auto ok = bind_epoch(record); !ok) return ok.error();
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
  return bind_verdict(insert_, record.verdict);
}

Result<void> RecordWriter::bind_verdict(Statement& statement, const std::optional<replay::VerdictKind>& verdict) {
  if (!verdict) {
    statement.bind_null();
    return {};
  }
  const auto number = labels_.find_or_add(std::string(to_text(*verdict)));
  if (!number) return number.error();
  statement.bind(*number);
  return {};
}

Result<void> RecordWriter::bind_judge(const AttemptRecord& record) {
  const auto judge = record.judge.empty() ? Result<std::int64_t>(0) : labels_.find_or_add(record.judge);
  if (!judge) return judge.error();
  insert_.bind(record.judge.empty() ? std::optional<std::int64_t>() : *judge);
  if (auto ok = bind_verdict(insert_, record.control); !ok) return ok.error();
  insert_.bind(record.slices.empty() ? std::optional<std::string>() : slices_text(record.slices));
  return {};
}

Result<void> RecordWriter::bind_epoch(const AttemptRecord& record) {
  if (record.epoch.empty()) {
    insert_.bind_null();
    return {};
  }
  const auto epoch = labels_.find_or_add(record.epoch);
  if (!epoch) return epoch.error();
  insert_.bind(*epoch);
  return {};
}

Result<void> RecordWriter::judge(const LateVerdict& late) {
  judge_.reset();
  const auto judge = labels_.find_or_add(late.judge);
  if (!judge) return judge.error();
  if (auto ok = bind_verdict(judge_, late.verdict.kind); !ok) return ok.error();
  judge_.bind(late.verdict.score).bind(late.verdict.reason).bind(*judge);
  if (auto ok = bind_verdict(judge_, late.control); !ok) return ok.error();
  return judge_.bind(late.attempt_id).run();
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

}  // namespace ipw
