#include "exporter/store/journal_rescue.hpp"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "exporter/store/journal_file.hpp"
#include "exporter/store/record_reader.hpp"
#include "exporter/store/record_writer.hpp"

namespace ipw {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kSmall = 64 << 20;  // looked over in a fraction of a second
constexpr std::int64_t kAtATime = 1000;      // attempts in a transaction
constexpr std::uintmax_t kLeastBytes = 128;  // of an attempt

struct Tally {
  std::int64_t kept{0};
  std::int64_t lost{0};  // at most, unless `counted`
  bool counted{true};
};

bool is_suspect(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored) || fs::file_size(path, ignored) == 0) return false;
  return fs::exists(path + "-wal", ignored) || fs::file_size(path, ignored) < kSmall;
}

// By the first bytes of the file: SQLite's name of its format, and at 68 the application's number.
// Source: https://www.sqlite.org/fileformat.html, "The Database Header".
bool is_journal(const std::string& path) {
  constexpr std::string_view kFormat = "SQLite format 3", kOurs = "IPWJ";
  std::string head(72, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  return head.starts_with(kFormat) && head.ends_with(kOurs);
}

// Reads also what SQLite would refuse because the file is shorter than it should be.
Result<Database> open_leniently(const std::string& path) {
  auto database = Database::open(path, Database::Mode::read_write);
  if (database) static_cast<void>(database->execute("PRAGMA writable_schema = ON"));
  return database;
}

// What SQLite says of it; "ok" where it finds nothing wrong.
std::string look_over(const std::string& path) {
  auto database = open_leniently(path);
  if (!database) return "ok";  // whoever opens it next says why
  auto check = database->prepare("PRAGMA quick_check(1)");
  if (!check) return check.error().message;
  const auto row = check->step();
  return !row ? row.error().message : *row ? check->text() : "ok";
}

// Attempts have the numbers from 1 to `last`; `counted` where that could be read, else no more fit into the file.
struct Numbers {
  std::int64_t last{0};
  bool counted{true};
};

Numbers numbers_of(Database& database, const std::string& path) {
  if (const auto last = database.integer("SELECT max(number) FROM attempts")) return {*last, true};
  std::error_code ignored;
  return {static_cast<std::int64_t>(fs::file_size(path, ignored) / kLeastBytes), false};
}

struct Copy {
  Database from, to;
  RecordReader reader;
  RecordWriter writer;

  // Whether the attempt of that number could be read. Errors: it cannot be written.
  Result<bool> attempt(Statement& row, std::int64_t number) {
    const auto found = row.bind(number).step();
    const auto record = found && *found ? reader.read(row) : Result<AttemptRecord>(Error{Errc::invalid, ""});
    row.reset();
    if (!record) return false;
    if (const auto added = writer.add(*record); !added) return added.error();
    return true;
  }

  Result<Tally> attempts(const Numbers& numbers) {
    auto row = from.prepare("SELECT " + reader.columns() + " FROM attempts WHERE number = ?");
    if (!row) return row.error();
    Tally tally{.counted = numbers.counted};
    for (std::int64_t first = 1; first <= numbers.last; first += kAtATime) {
      const auto last = std::min(numbers.last, first + kAtATime - 1);
      auto ok = to.execute("BEGIN");
      for (auto number = first; ok && number <= last; ++number) {
        const auto kept = attempt(*row, number);
        if (!kept) return kept.error();
        ++(*kept ? tally.kept : tally.lost);
      }
      if (ok) ok = to.execute("COMMIT");
      if (!ok) return ok.error();
    }
    return tally;
  }
};

// Tables that the copy takes as they are, or, where one of their pages is unreadable, does without.
void copy_tables(Database& to, const std::string& damaged) {
  auto attach = to.prepare("ATTACH ? AS damaged");
  if (!attach || !attach->bind(damaged).run()) return;
  for (const std::string table : {"judgements", "epochs", "baselines"})
    if (const auto ok = to.execute(
            std::string("INSERT OR IGNORE INTO ").append(table).append(" SELECT * FROM damaged.").append(table));
        !ok)
      log_warn("a table of the damaged journal cannot be read", {{"table", table}, {"reason", ok.error().message}});
  static_cast<void>(to.execute("DETACH damaged"));
}

Result<Tally> copy_readable(const std::string& damaged, const std::string& fresh) {
  auto from = open_leniently(damaged);
  if (!from) return from.error();
  auto to = open_journal_file(fresh, Database::Mode::read_write);
  if (!to) return to.error();
  Copy copy{std::move(*from), std::move(*to), {}, {}};
  auto reader = RecordReader::open(copy.from);
  if (!reader) return reader.error();
  auto writer = RecordWriter::open(copy.to, true);
  if (!writer) return writer.error();
  copy.reader = std::move(*reader);
  copy.writer = std::move(*writer);
  auto tally = copy.attempts(numbers_of(copy.from, damaged));
  if (tally) copy_tables(copy.to, damaged);
  return tally;
}

Result<void> take_the_place(const std::string& fresh, const std::string& path, const std::string& kept) {
  std::error_code failed;
  fs::rename(path, kept, failed);
  if (failed) return Error{Errc::unavailable, "journal " + path + ": cannot be renamed: " + failed.message()};
  for (const auto* end : {"-wal", "-shm"}) fs::rename(path + end, kept + end, failed);
  fs::rename(fresh, path, failed);
  if (failed) return Error{Errc::unavailable, "journal " + fresh + ": cannot be renamed: " + failed.message()};
  return {};
}

std::string unused_name(const std::string& path) {
  std::error_code ignored;
  auto name = path + ".damaged";
  for (int i = 2; fs::exists(name, ignored); ++i) name = path + ".damaged" + std::to_string(i);
  return name;
}

}  // namespace

Result<void> rescue_if_damaged(const std::string& path) {
  if (!is_suspect(path) || !is_journal(path)) return {};
  const auto found = look_over(path);
  if (found == "ok") return {};
  const auto kept = unused_name(path), fresh = path + ".rescued";
  std::error_code ignored;
  for (const auto* end : {"", "-wal", "-shm"}) fs::remove(fresh + end, ignored);
  const auto tally = copy_readable(path, fresh);
  if (!tally)
    return Error{Errc::unavailable, "journal " + path + " is damaged (" + found +
                                        "), and what can be read of it cannot be saved: " + tally.error().message};
  if (auto ok = take_the_place(fresh, path, kept); !ok) return ok;
  log_error("the journal was damaged; what can be read of it was kept",
            {{"journal", path},
             {"damage", found},
             {"attempts_kept", std::to_string(tally->kept)},
             {"attempts_lost", (tally->counted ? "" : "at most ") + std::to_string(tally->lost)},
             {"damaged_file", kept}});
  return {};
}

}  // namespace ipw
