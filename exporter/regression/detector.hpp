#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "exporter/regression/evidence.hpp"
#include "exporter/regression/window.hpp"

namespace ipw {

// How often a test may err.
struct TestBudget {
  double queries_per_year{0};
  double false_alarms_per_year{0};  // of this test; half for changes at unknown moments, half for declared ones
};

// One quantity of one target: rings when it is worse than the reference by more than the margin, and says when it is
// not any more (METHODOLOGY, "Regressions"). Every query opens a window; old windows are thinned, so that their number
// is bounded by kWindows. Deterministic: the same values in the same order give the same state. Not thread-safe.
class Detector {
 public:
  static constexpr std::size_t kWindows = 80;

  // `margin` is positive, in the units of the reference; `declared`: what runs was changed on purpose just before,
  // which is looked at with a budget of its own. REQUIRES: `reference` outlives the detector.
  struct Limits {
    double margin{0};
    TestBudget budget;
    bool declared{false};
  };
  Detector(const Reference& reference, const Limits& limits);
  Detector(Detector&&) = default;
  Detector& operator=(Detector&&) = default;

  // REQUIRES: the reference knows the item. `value` is signed so that more is worse.
  void add(std::uint32_t item, SignedValue value, WallTime at);

  bool regressed() const { return regressed_; }
  std::uint64_t alarms() const { return alarms_; }
  std::uint64_t queries() const { return queries_; }
  // While regressed: how many queries there were from the likely start of the change to the alarm.
  std::optional<std::uint64_t> queries_to_alarm() const { return regressed_ ? std::optional(to_alarm_) : std::nullopt; }
  double log_e_value() const;    // of the alarm while ok (>= 0), of the recovery while regressed
  double log_threshold() const;  // of the same
  // Whether it was shown, with 1 chance in 20 to be wrong, that the change since the start is below the margin.
  bool no_worse() const { return no_worse_ && !regressed_; }
  // Where the change is seen: of the regression when regressed, else all since the start.
  const Window& shown() const { return regressed_ ? *changed_ : *whole_.window; }
  // The likelihood of an error of the bounds that are shown: smaller where the window was chosen among many.
  double shown_error() const;
  std::size_t windows() const { return windows_.size() + 1; }

 private:
  struct Started {
    std::shared_ptr<Window> window;  // shared with changed_
    unsigned level;                  // kept until it is kLives << level queries old
    double log_weight;
  };
  struct AlarmSum {
    double log_sum;
    const Started* largest;  // what contributes most; null for nothing
  };
  void open();
  void thin();
  void look();
  void restart();
  bool may_ring(const Started& started) const;
  double shared_churn() const;
  WindowEstimate estimate(const Started& started, double least_churn) const;
  AlarmSum alarm_sum() const;
  double log_recovery_sum() const;

  const Reference* reference_;
  Limits limits_;
  double log_threshold_, root_;
  Tilts alarm_tilts_, acceptance_tilts_, recovery_tilts_;
  Started whole_;
  std::vector<Started> windows_;
  std::shared_ptr<Window> changed_;  // of a regression
  std::uint64_t queries_{0}, restarted_{0}, alarms_{0}, to_alarm_{0};
  double still_worse_{0};  // the change that a recovery must speak against
  bool regressed_{false}, declared_{false}, no_worse_{false};
};

}  // namespace ipw
