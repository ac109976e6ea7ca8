#include "exporter/store/record_reader.hpp"

#include <limits>

#include "exporter/store/record_columns.hpp"

namespace ipw {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();  // stored as NULL

WallTime wall_time(std::int64_t micros) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(micros)));
}

std::optional<WallTime> wall_time(std::optional<std::int64_t> micros) {
  if (!micros) return std::nullopt;
  return wall_time(*micros);
}

std::optional<Seconds> seconds(std::optional<double> s) {
  if (!s) return std::nullopt;
  return Seconds{*s};
}

}  // namespace

Result<RecordReader> RecordReader::open(Database& database) {
  RecordReader reader;
  auto labels = Labels::open(database);
  if (!labels) return labels.error();
  reader.labels_ = std::move(*labels);
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return version.error();
  reader.version_ = *version;
  auto ok = database.prepare_all(
      {{&reader.energy_, "SELECT " + std::string(kEnergyColumns) + " FROM energy WHERE attempt = ?"},
       {&reader.problem_, "SELECT text FROM problems WHERE number = ?"}});
  if (!ok) return ok.error();
  return reader;
}

std::string RecordReader::columns(bool texts) const {
  auto columns = record_columns(version_) + ", number";
  constexpr std::string_view kTexts = "answer, problem";
  if (!texts) columns.replace(columns.find(kTexts), kTexts.size(), "NULL, NULL");
  return columns;
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
  if (auto ok = read_judge(row, record); !ok) return ok.error();
  if (auto ok = read_epoch(row, record); !ok) return ok.error();
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
  return read_verdict(row, record.verdict);
}

Result<void> RecordReader::read_verdict(Statement& row, std::optional<replay::VerdictKind>& verdict) {
  const auto label = row.integer();
  if (!label) return {};
  const auto kind = named<replay::VerdictKind>(*label, replay::kVerdictKinds);
  if (!kind) return kind.error();
  verdict = *kind;
  return {};
}

Result<void> RecordReader::read_judge(Statement& row, AttemptRecord& record) {
  if (const auto label = row.integer()) {
    auto name = labels_.text(*label);
    if (!name) return name.error();
    record.judge = std::move(*name);
  }
  if (auto ok = read_verdict(row, record.control); !ok) return ok.error();
  record.slices = slices_of(row.text());
  return {};
}

Result<void> RecordReader::read_epoch(Statement& row, AttemptRecord& record) {
  const auto label = row.integer();
  if (!label) return {};
  auto digest = labels_.text(*label);
  if (!digest) return digest.error();
  record.epoch = std::move(*digest);
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
