#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/regression/target_watch.hpp"
#include "exporter/store/journal.hpp"

namespace ipw {

// The regressions of all targets: knows what runs, keeps epochs and baselines in the journal, and sees a baseline that
// a command has set meanwhile. Owned by the accountant's thread.
class RegressionWatch {
 public:
  struct Target {
    std::string name, corpus;
    Facts configured;
    std::optional<double> queries_per_year;  // where its schedule says so
  };
  struct Parts {
    RegressionOptions options;
    std::vector<Target> targets;
    const Journal* journal{nullptr};  // outlives it
    std::string path;                 // of the journal
    WallTime now{};
  };
  // Errors: as EpochStore::open().
  static Result<std::unique_ptr<RegressionWatch>> open(Parts parts);

  const std::string& epoch(std::size_t target) const { return watches_[target].epochs().current().digest; }
  // A source tells all that it knows about what runs. True when a new epoch has begun with that.
  bool learn(std::size_t target, const std::string& source, const Facts& facts, WallTime at);
  // REQUIRES: the query is stored.
  void add(std::size_t target, const CompletedQuery& query) { watches_[target].add(query); }
  // Does what may take a moment. Call when everything that was added is stored.
  void tick(WallTime now);

  std::shared_ptr<const TargetRegression> state(std::size_t target) const { return watches_[target].state(); }

 private:
  RegressionWatch(Parts parts, EpochStore store) : parts_(std::move(parts)), store_(std::move(store)) {}
  Result<void> open_target(std::size_t target);
  Result<void> read_baselines();
  Result<void> settle(std::size_t target, WallTime now);
  void tell(std::size_t target, const Result<void>& outcome);

  Parts parts_;
  EpochStore store_;
  std::vector<TargetWatch> watches_;
  std::vector<bool> unsaved_;         // by target: its epoch is to be written
  std::vector<bool> restarted_;       // by target: its epoch is new
  std::vector<std::string> trouble_;  // by target: told last
  std::int64_t newest_baseline_{0};
};

}  // namespace ipw
