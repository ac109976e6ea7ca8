#include "exporter/store/database.hpp"

#include <sqlite3.h>

namespace ipw {
namespace {

// How long a statement waits for another process that has the file locked.
constexpr int kBusyMilliseconds = 5000;

Error last_error(sqlite3* handle) {
  const int code = sqlite3_errcode(handle);
  const std::string message = sqlite3_errmsg(handle);
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      return {Errc::retry, message};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {Errc::unavailable, message};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {Errc::invalid, message};
    default:
      return {Errc::internal, message};
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = value.empty() ? "" : value.data();
  sqlite3_bind_text64(handle_.get(), ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(handle_.get(), ++bound_);
  return *this;
}

Result<bool> Statement::step() {
  column_ = 0;
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  const auto error = code == SQLITE_DONE ? Error{} : last_error(sqlite3_db_handle(handle_.get()));
  reset();
  if (code == SQLITE_DONE) return false;
  return error;
}

Result<void> Statement::run() {
  const auto row = step();
  if (!row) return row.error();
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  bound_ = 0;
  column_ = 0;
}

int Statement::next_column() {
  return column_++;
}

std::optional<std::int64_t> Statement::integer() {
  const int column = next_column();
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_int64(handle_.get(), column);
}

std::optional<double> Statement::number() {
  const int column = next_column();
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::text() {
  const int column = next_column();
  const auto* data = sqlite3_column_text(handle_.get(), column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database;
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return Error{Errc::unavailable, sqlite3_errmsg(handle)};
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return last_error(handle_.get());
  Statement statement;
  statement.handle_.reset(handle);
  return statement;
}

Result<void> Database::prepare_all(std::initializer_list<Preparation> all) {
  for (const auto& [statement, sql] : all) {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return last_error(handle_.get());
  return {};
}

Result<std::int64_t> Database::integer(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return Error{Errc::internal, "no row: " + sql};
  return statement->integer().value_or(0);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

int Database::changed_rows() const {
  return sqlite3_changes(handle_.get());
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

}  // namespace ipw
