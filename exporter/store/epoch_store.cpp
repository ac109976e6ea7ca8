#include "exporter/store/epoch_store.hpp"

#include <array>
#include <utility>

#include "exporter/store/journal_file.hpp"
#include "exporter/store/record_columns.hpp"

namespace ipw {
namespace {

constexpr std::array<std::string_view, 4> kOrigins{"automatic", "pinned", "accepted", "cleared"};

std::int64_t micros(WallTime at) {
  return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

WallTime wall_time(std::optional<std::int64_t> micros) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(micros.value_or(0))));
}

Result<BaselineOrigin> origin_of(const std::string& text) {
  for (std::size_t i = 0; i < kOrigins.size(); ++i)
    if (kOrigins[i] == text) return static_cast<BaselineOrigin>(i);
  return Error{Errc::invalid, "`" + text + "` is no origin of a baseline that this version knows"};
}

}  // namespace

std::string_view to_text(BaselineOrigin origin) {
  return kOrigins[static_cast<std::size_t>(origin)];
}

Result<EpochStore> EpochStore::open(const std::string& path, Database::Mode mode) {
  auto database = Database::open(path, mode);
  if (!database) return Error{database.error().code, "journal " + path + ": " + database.error().message};
  const auto version = database->integer("PRAGMA user_version");
  if (!version) return Error{version.error().code, "journal " + path + ": " + version.error().message};
  if (*version < kJournalVersion)
    return Error{Errc::invalid, "journal " + path +
                                    " is of an older version, which knows no baselines: it is brought up "
                                    "to this one when `run` or `replay` opens it"};
  EpochStore store;
  store.database_ = std::move(*database);
  return store;
}

Result<std::vector<Epoch>> EpochStore::epochs(const std::string& target) {
  auto rows = database_.prepare("SELECT digest, since_us, facts FROM epochs WHERE target = ? ORDER BY number");
  if (!rows) return rows.error();
  rows->bind(target);
  std::vector<Epoch> all;
  while (true) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return all;
    auto& epoch = all.emplace_back();
    epoch.digest = rows->text();
    epoch.since = wall_time(rows->integer());
    for (auto& [name, value] : slices_of(rows->text())) epoch.facts.emplace(std::move(name), std::move(value));
  }
}

Result<void> EpochStore::put(const std::string& target, const Epoch& epoch) {
  const auto facts = slices_text({epoch.facts.begin(), epoch.facts.end()});
  auto update = database_.prepare("UPDATE epochs SET facts = ? WHERE target = ? AND digest = ? AND since_us = ?");
  if (!update) return update.error();
  if (auto ok = update->bind(facts).bind(target).bind(epoch.digest).bind(micros(epoch.since)).run(); !ok) return ok;
  if (database_.changed_rows() > 0) return {};
  auto insert = database_.prepare("INSERT INTO epochs (target, digest, since_us, facts) VALUES (?,?,?,?)");
  if (!insert) return insert.error();
  return insert->bind(target).bind(epoch.digest).bind(micros(epoch.since)).bind(facts).run();
}

Result<std::vector<BaselineEntry>> EpochStore::baselines() {
  auto rows = database_.prepare(
      "SELECT number, target, corpus, epoch, first_cycle, last_cycle, origin, since_us FROM baselines ORDER BY number");
  if (!rows) return rows.error();
  std::vector<BaselineEntry> all;
  while (true) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return all;
    auto& entry = all.emplace_back();
    entry.number = rows->integer().value_or(0);
    entry.target = rows->text();
    entry.corpus = rows->text();
    entry.epoch = rows->text();
    entry.first_cycle = static_cast<std::uint64_t>(rows->integer().value_or(0));
    entry.last_cycle = static_cast<std::uint64_t>(rows->integer().value_or(0));
    const auto origin = origin_of(rows->text());
    if (!origin) return origin.error();
    entry.origin = *origin;
    entry.since = wall_time(rows->integer());
  }
}

Result<void> EpochStore::add(const BaselineEntry& entry) {
  auto insert = database_.prepare(
      "INSERT INTO baselines (target, corpus, epoch, first_cycle, last_cycle, origin, since_us) VALUES "
      "(?,?,?,?,?,?,?)");
  if (!insert) return insert.error();
  insert->bind(entry.target).bind(entry.corpus).bind(entry.epoch);
  insert->bind(static_cast<std::int64_t>(entry.first_cycle)).bind(static_cast<std::int64_t>(entry.last_cycle));
  return insert->bind(to_text(entry.origin)).bind(micros(entry.since)).run();
}

Result<std::int64_t> EpochStore::newest_baseline() {
  return database_.integer("SELECT coalesce(max(number), 0) FROM baselines");
}

std::optional<BaselineEntry> current_baseline(const std::vector<BaselineEntry>& entries, const std::string& target,
                                              const std::string& corpus) {
  std::optional<BaselineEntry> current;
  for (const auto& entry : entries)
    if (entry.target == target && entry.corpus == corpus) current = entry;
  if (current && current->origin == BaselineOrigin::cleared) return std::nullopt;
  return current;
}

}  // namespace ipw
