#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "exporter/regression/epoch.hpp"
#include "exporter/regression/monitor.hpp"
#include "exporter/store/epoch_store.hpp"
#include "exporter/store/journal.hpp"

namespace ipw {

// `regression` of the configuration.
struct RegressionOptions {
  enum class Baseline {
    automatic,  // made of the first cycles, and replaced by an epoch that is shown to be no worse
    pinned,     // only what `baseline pin` and `accept` say
    off,        // nothing is tested
  };
  Baseline baseline{Baseline::automatic};
  std::size_t cycles{kBaselineCycles};  // of an automatic baseline, at least
  RegressionMargins margins;
  double false_alarms_per_year{1};  // of all targets and quantities together
};

// What is known of a target's regressions, as it is shown. Immutable.
struct TargetRegression {
  Epoch epoch;
  std::string changed;  // how it differs from the epoch before; "" where there is none
  std::optional<BaselineEntry> baseline;
  std::size_t baseline_items{0}, baseline_cycles{0};
  Decision decision{Decision::warming_up};
  std::string why;  // one sentence where nothing can be compared yet, or at all
  RegressionState state;
};

// Follows one target through its epochs and holds each against its baseline. Whatever it knows it could read from the
// journal: after a restart it is as it was. Owned by the accountant's thread.
class TargetWatch {
 public:
  struct Parts {
    std::string target, corpus;
    RegressionOptions options;
    std::size_t targets{1};  // how many share the budget
    std::optional<double> queries_per_year;
    const Journal* journal{nullptr};  // outlives it
  };
  TargetWatch(Parts parts, EpochTracker epochs) : parts_(std::move(parts)), epochs_(std::move(epochs)) {}

  EpochTracker& epochs() { return epochs_; }
  const EpochTracker& epochs() const { return epochs_; }
  const std::optional<BaselineEntry>& baseline() const { return entry_; }

  // What counts as its baseline from now on. Reads the journal, as does restart(). Errors: it cannot be read.
  Result<void> use(std::optional<BaselineEntry> entry);
  // A new epoch has begun, or more is known about this one.
  Result<void> restart() { return use(entry_); }
  void add(const CompletedQuery& query);  // of this target, live; other epochs' are passed over

  // Whether a cycle has ended for which an accepted baseline has waited: then restart().
  bool can_begin();
  // A baseline that is to be kept from now on: the first one, or this epoch once it is shown to be no worse. Asked
  // after a cycle has ended. Nothing where there is none.
  std::optional<BaselineEntry> proposal(WallTime now);
  std::shared_ptr<const TargetRegression> state() const;

 private:
  Result<void> read_baseline();
  Result<void> read_epoch();
  void count(const CompletedQuery& query);
  bool enough_cycles() const;

  Parts parts_;
  EpochTracker epochs_;
  std::optional<BaselineEntry> entry_;
  std::shared_ptr<const PanelBaseline> panel_;  // null while there is no baseline that can be used
  std::unique_ptr<RegressionMonitor> monitor_;  // null likewise
  std::string why_not_;
  bool incomparable_{false};
  std::optional<std::uint64_t> first_cycle_, last_cycle_;  // of the epoch
  std::uint64_t cycles_{0};                                // begun in it
  bool cycle_ended_{false};
  mutable std::shared_ptr<const TargetRegression> shown_;  // null once it is out of date
};

}  // namespace ipw
