#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "exporter/store/database.hpp"

namespace ipw {

// Of the schema that is written; older ones are brought up to it.
constexpr std::int64_t kJournalVersion = 5;

// Keeps other sidecars off a journal: holds a lock on `PATH.lock`, which the system releases with the process. Readers
// do not ask for it. The file itself stays, because removing it would let two holders in.
class JournalLock {
 public:
  // Errors: unavailable, naming the process that holds it.
  static Result<JournalLock> acquire(const std::string& journal);
  JournalLock() = default;
  ~JournalLock();
  JournalLock(JournalLock&& other) noexcept;
  JournalLock& operator=(JournalLock&& other) noexcept;

 private:
  int file_{-1};
};

// Opens the database, makes a new one where there is none, and sees to it that it is a journal that this version knows.
// A journal of an older version is brought up to this one, and a copy of it as it was is kept beside it, PATH.v4 for
// one of version 4; unless it is only read: then it stays as it is. Errors: as Journal::open().
Result<Database> open_journal_file(const std::string& path, Database::Mode mode);

}  // namespace ipw
