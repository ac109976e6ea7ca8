#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace ipw {

// A prepared statement. Parameters and columns are taken in order, the first first. Belongs to its Database, and is
// used under the same lock.
class Statement {
 public:
  Statement() = default;

  // What is unknown (an empty optional) is bound as NULL.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);  // the text is copied
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // The next row: true when there is one. After the last, or an error, the statement is ready to be bound anew.
  Result<bool> step();
  // For statements without rows.
  Result<void> run();
  void reset();

  // REQUIRES: step() gave a row. Each call reads the next column.
  std::optional<std::int64_t> integer();
  std::optional<double> number();
  std::string text();  // "" for NULL

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  int next_column();

  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_{0}, column_{0};
};

// An open SQLite file. One thread at a time.
class Database {
 public:
  enum class Mode { read_write, read_only };
  // The file must exist. Errors: unavailable.
  static Result<Database> open(const std::string& path, Mode mode);

  Result<Statement> prepare(std::string_view sql);
  struct Preparation {
    Statement* statement;
    std::string sql;
  };
  Result<void> prepare_all(std::initializer_list<Preparation> all);
  Result<void> execute(const std::string& sql);          // one or several statements without parameters
  Result<std::int64_t> integer(const std::string& sql);  // the first column of the first row
  bool in_transaction() const;
  int changed_rows() const;       // by the last statement
  std::int64_t last_row() const;  // inserted

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace ipw
