#include "exporter/store/journal_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.hpp"

namespace ipw {
namespace {

constexpr std::int64_t kApplicationId = 0x4950574A;  // "IPWJ"
constexpr std::int64_t kVersion = kJournalVersion;
constexpr mode_t kOwnerOnly = 0600;

// Columns named after labels hold label numbers. `number` is the order of storing. `done`: the query is finished for
// good, so that no attempt follows in this cycle; each query can be done once.
constexpr const char* kSchema = R"sql(
CREATE TABLE labels (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE problems (number INTEGER PRIMARY KEY, hash INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX problems_by_hash ON problems (hash);
CREATE TABLE attempts (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, query_id TEXT NOT NULL,
  attempt INTEGER NOT NULL, final INTEGER NOT NULL, done INTEGER NOT NULL, cycle INTEGER NOT NULL,
  target INTEGER NOT NULL, model INTEGER NOT NULL, accelerator INTEGER NOT NULL,
  corpus INTEGER NOT NULL, subject INTEGER NOT NULL, language INTEGER NOT NULL,
  outcome INTEGER NOT NULL, outcome_reason TEXT, verdict INTEGER, verdict_reason TEXT, score REAL,
  scheduled_us INTEGER NOT NULL, sent_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,
  first_token_us INTEGER, last_token_us INTEGER,
  duration_s REAL, scheduled_duration_s REAL, time_to_first_token_s REAL, time_to_answer_s REAL,
  input_tokens INTEGER, cached_tokens INTEGER, output_tokens INTEGER, reasoning_tokens INTEGER,
  concurrency REAL, cost_usd REAL,
  problem INTEGER, answer TEXT,
  chunks INTEGER, server_load_s REAL, server_queue_s REAL, server_prefill_s REAL, server_decode_s REAL,
  server_total_s REAL,
  server_running INTEGER, server_waiting INTEGER, foreign_running INTEGER, client_lag_s REAL,
  judge INTEGER, control INTEGER, slices TEXT, epoch INTEGER
) STRICT;
CREATE UNIQUE INDEX attempts_done ON attempts (target, corpus, cycle, query_id) WHERE done = 1;
CREATE INDEX attempts_open ON attempts (target, corpus, cycle, query_id) WHERE done = 0;
CREATE INDEX attempts_by_target ON attempts (target);
CREATE INDEX attempts_by_outcome ON attempts (outcome);
CREATE INDEX attempts_by_verdict ON attempts (verdict);
CREATE TABLE energy (
  attempt INTEGER NOT NULL, scope INTEGER NOT NULL, quality INTEGER NOT NULL, validity INTEGER NOT NULL,
  gross_j REAL, active_j REAL, prefill_j REAL, decode_j REAL, sd_j REAL, mean_power_w REAL, busy_s REAL,
  PRIMARY KEY (attempt, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE judgements (question TEXT PRIMARY KEY, score REAL NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// What ran, and what that is compared with.
constexpr const char* kEpochTables = R"sql(
CREATE TABLE epochs (
  number INTEGER PRIMARY KEY, target TEXT NOT NULL, digest TEXT NOT NULL, since_us INTEGER NOT NULL, facts TEXT NOT NULL
) STRICT;
CREATE TABLE baselines (
  number INTEGER PRIMARY KEY, target TEXT NOT NULL, corpus TEXT NOT NULL, epoch TEXT NOT NULL,
  first_cycle INTEGER NOT NULL, last_cycle INTEGER NOT NULL, origin TEXT NOT NULL, since_us INTEGER NOT NULL
) STRICT;
)sql";

// What version 2 knows more than version 1: how the answer came, and the server's own times.
constexpr const char* kUpgradeTo2 = R"sql(
ALTER TABLE attempts ADD COLUMN chunks INTEGER;
ALTER TABLE attempts ADD COLUMN server_load_s REAL;
ALTER TABLE attempts ADD COLUMN server_queue_s REAL;
ALTER TABLE attempts ADD COLUMN server_prefill_s REAL;
ALTER TABLE attempts ADD COLUMN server_decode_s REAL;
ALTER TABLE attempts ADD COLUMN server_total_s REAL;
)sql";

// And version 3: how busy the server was, and how late we were.
constexpr const char* kUpgradeTo3 = R"sql(
ALTER TABLE attempts ADD COLUMN server_running INTEGER;
ALTER TABLE attempts ADD COLUMN server_waiting INTEGER;
ALTER TABLE attempts ADD COLUMN foreign_running INTEGER;
ALTER TABLE attempts ADD COLUMN client_lag_s REAL;
)sql";

// And version 4: who judged, what checks it, and what a judging model has said already.
constexpr const char* kUpgradeTo4 = R"sql(
ALTER TABLE attempts ADD COLUMN judge INTEGER;
ALTER TABLE attempts ADD COLUMN control INTEGER;
ALTER TABLE attempts ADD COLUMN slices TEXT;
CREATE TABLE judgements (question TEXT PRIMARY KEY, score REAL NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// And version 5: epochs.
constexpr const char* kUpgradeTo5 = "ALTER TABLE attempts ADD COLUMN epoch INTEGER;";

Error refused(Errc code, const std::string& path, const std::string& why) {
  return {code, "journal " + path + ": " + why};
}

// The -wal and -shm files get the mode of the journal itself from SQLite.
Result<void> create_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (file < 0 && errno == EEXIST) return {};
  if (file < 0)
    return refused(Errc::unavailable, path,
                   "cannot be created: " + std::string(std::strerror(errno)) + ": look at `store.path` and its folder");
  ::fchmod(file, kOwnerOnly);  // whatever the umask is
  ::close(file);
  return {};
}

Result<void> create_schema(Database& database) {
  return database.execute("BEGIN IMMEDIATE;" + std::string(kSchema) + kEpochTables +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT;");
}

// As it was, in one file.
Result<void> keep_copy(Database& database, const std::string& copy) {
  std::error_code failed;
  if (std::filesystem::exists(copy, failed)) return {};
  const auto part = copy + ".part";
  std::filesystem::remove(part, failed);
  auto ok = create_private_file(part);
  auto statement = database.prepare("VACUUM INTO ?");
  if (ok) ok = statement ? statement->bind(part).run() : Result<void>(statement.error());
  if (ok) {
    std::filesystem::rename(part, copy, failed);
    if (failed) ok = Error{Errc::unavailable, failed.message()};
  }
  if (ok) return ok;
  std::filesystem::remove(part, failed);
  return Error{ok.error().code, "no copy of it could be kept as " + copy + ": " + ok.error().message};
}

Result<void> upgrade_schema(Database& database, const std::string& path) {
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return version.error();
  const auto copy = path + ".v" + std::to_string(*version);
  if (auto ok = keep_copy(database, copy); !ok) return ok;
  std::string steps;
  for (const auto& [to, sql] : {std::pair{2, kUpgradeTo2}, {3, kUpgradeTo3}, {4, kUpgradeTo4}, {5, kUpgradeTo5}})
    if (*version < to) steps += sql;
  steps += kEpochTables;
  auto ok =
      database.execute("BEGIN IMMEDIATE;" + steps + "PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT;");
  if (ok)
    log_info("the journal was brought up to a newer version; as it was, it is kept",
             {{"journal", path}, {"version", std::to_string(kVersion)}, {"copy", copy}});
  return ok;
}

enum class Content { nothing, older, journal };

// REQUIRES: nothing was written yet: another program's file stays as it is.
Result<Content> look_inside(Database& database, const std::string& path) {
  const Error foreign = refused(Errc::invalid, path, "is not a journal of ipw-sidecar: give another `store.path`");
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return id.error().code == Errc::invalid ? foreign : refused(id.error().code, path, id.error().message);
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return refused(version.error().code, path, version.error().message);
  const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return refused(tables.error().code, path, tables.error().message);
  if (*id == 0 && *version == 0 && *tables == 0) return Content::nothing;
  if (*id != kApplicationId) return foreign;
  if (*version > kVersion)
    return refused(Errc::invalid, path,
                   "was written by a newer ipw-sidecar (journal version " + std::to_string(*version) +
                       ", this one knows " + std::to_string(kVersion) + "): use that one, or another `store.path`");
  return *version < kVersion ? Content::older : Content::journal;
}

}  // namespace

Result<JournalLock> JournalLock::acquire(const std::string& journal) {
  const auto path = journal + ".lock";
  JournalLock lock;
  lock.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (lock.file_ < 0)
    return refused(Errc::unavailable, journal,
                   "cannot create " + path + ": " + std::strerror(errno) + ": look at `store.path` and its folder");
  char holder[24] = "";
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    if (reason != EWOULDBLOCK)
      return refused(Errc::unavailable, journal, "cannot be locked: " + std::string(std::strerror(reason)));
    const auto size = ::pread(lock.file_, holder, sizeof holder - 1, 0);
    const std::string who = size > 0 ? " (process " + std::string(holder) + ")" : "";
    return refused(Errc::unavailable, journal,
                   "is in use by another ipw-sidecar" + who + ": stop that one, or give another `store.path`");
  }
  const auto pid = std::to_string(::getpid());
  // Only for the message above, so that a full disk does not matter.
  if (::ftruncate(lock.file_, 0) == 0) static_cast<void>(::pwrite(lock.file_, pid.data(), pid.size(), 0) < 0);
  return lock;
}

JournalLock::~JournalLock() {
  if (file_ >= 0) ::close(file_);
}

JournalLock::JournalLock(JournalLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

JournalLock& JournalLock::operator=(JournalLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<Database> open_journal_file(const std::string& path, Database::Mode mode) {
  const bool writes = mode == Database::Mode::read_write;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refused(Errc::unavailable, path, "is a folder");
  if (!writes && !std::filesystem::exists(path, ignored))
    return refused(Errc::unavailable, path, "there is no such file");
  if (writes)
    if (auto ok = create_private_file(path); !ok) return ok.error();
  auto database = Database::open(path, mode);
  if (!database) return refused(database.error().code, path, "cannot be opened: " + database.error().message);

  const auto content = look_inside(*database, path);
  if (!content) return content.error();
  if (!writes && *content == Content::nothing) return refused(Errc::invalid, path, "is empty");
  if (!writes) return database;
  // NORMAL: a power cut may take the last transactions, whole, which are then run again; it never leaves a torn one.
  auto ok =
      database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864");
  if (ok && *content == Content::nothing) ok = create_schema(*database);
  if (ok && *content == Content::older) ok = upgrade_schema(*database, path);
  if (!ok) return refused(ok.error().code, path, "cannot be written: " + ok.error().message);
  return database;
}

}  // namespace ipw
