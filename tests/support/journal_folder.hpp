#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>

#include "exporter/store/journal.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::testing {

// A journal in a folder of its own.
class JournalFolder : public ::testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "ipw.db").string(); }
  std::unique_ptr<Journal> open(JournalOptions options = {}) const {
    if (options.path.empty()) options.path = path();
    auto journal = Journal::open(std::move(options));
    if (journal) return std::move(*journal);
    ADD_FAILURE() << journal.error().message;
    return nullptr;
  }
  Error refusal(JournalOptions options = {}) const {
    if (options.path.empty()) options.path = path();
    auto journal = Journal::open(std::move(options));
    return journal ? Error{Errc::internal, "opened"} : journal.error();
  }
  // Through a connection of its own, as another program would.
  std::string sql(const std::string& statement) const {
    sqlite3* db = nullptr;
    std::string result;
    sqlite3_open(path().c_str(), &db);
    char* error = nullptr;
    const auto collect = [](void* out, int columns, char** values, char**) {
      for (int i = 0; i < columns; ++i) *static_cast<std::string*>(out) += values[i] == nullptr ? "" : values[i];
      return 0;
    };
    if (sqlite3_exec(db, statement.c_str(), collect, &result, &error) != SQLITE_OK) result = error;
    sqlite3_free(error);
    sqlite3_close(db);
    return result;
  }

  TemporaryFolder folder_;
};

}  // namespace ipw::testing
