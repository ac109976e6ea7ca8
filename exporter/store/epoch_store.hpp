#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/regression/epoch.hpp"
#include "exporter/store/database.hpp"

namespace ipw {

// How a baseline came to be. One that was made by itself may be replaced by itself.
enum class BaselineOrigin { automatic, pinned, accepted, cleared };
std::string_view to_text(BaselineOrigin origin);

// What later cycles of a target are held against: some of its cycles in one epoch. The newest entry of a target and
// corpus counts; one that was `cleared` stands for none.
struct BaselineEntry {
  std::int64_t number{0};  // ascending; given by the store
  std::string target, corpus;
  std::string epoch;  // digest
  std::uint64_t first_cycle{0}, last_cycle{0};
  BaselineOrigin origin{};
  WallTime since{};
};

// The journal's tables of epochs and baselines, over a connection of its own: a command may set a baseline while the
// sidecar runs, which finds it there. One thread at a time.
class EpochStore {
 public:
  // REQUIRES: the journal exists and is of this version (Journal::open). Errors: unavailable, invalid.
  static Result<EpochStore> open(const std::string& path, Database::Mode mode);

  Result<std::vector<Epoch>> epochs(const std::string& target);  // by their beginning
  // A new one, or more facts about the one with this beginning.
  Result<void> put(const std::string& target, const Epoch& epoch);

  Result<std::vector<BaselineEntry>> baselines();  // oldest first
  Result<void> add(const BaselineEntry& entry);
  Result<std::int64_t> newest_baseline();  // its number; 0: there is none

 private:
  Database database_;
};

// The entry that counts; nothing where there is none, or it was cleared.
std::optional<BaselineEntry> current_baseline(const std::vector<BaselineEntry>& entries, const std::string& target,
                                              const std::string& corpus);

}  // namespace ipw
