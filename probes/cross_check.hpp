#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// Compares a counter of energy with the integral of the power that the same hardware shows beside it, window after
// window, and says which of the two to believe:
//
// - the counter, as long as nothing speaks against it;
// - the integrated power, when the counter stands still while power is drawn, or when it strays from the integral by
//   more than a quarter in two windows in a row in which power was steady (its accuracy is nobody's promise, that of
//   the power sensor is specified; while power moves, a sensor that looks only now and then proves nothing against a
//   counter), or when the counter moves so seldom (every 5 s or more) that power, read five times as often, tells more
//   of one query;
// - the counter again, after two steady windows in a row that agree.
//
// Pure; not thread-safe.
class CrossCheck {
 public:
  enum class Choice { counter, power };

  // Each side tells what it has counted so far. REQUIRES: stamps do not go back, joules do not fall.
  void on_counter(MonoTime at, Joules so_far);
  void on_power(Joules so_far, Watts now);
  // One side knows nothing of a stretch of time: the window begins anew.
  void on_gap() { window_.reset(); }
  // The counter stood still although power was drawn.
  void on_stuck();
  // How often each side updates, as far as it is known.
  void on_periods(std::optional<Seconds> counter, std::optional<Seconds> power);

  Choice choice() const { return choice_; }
  // Counter over integrated power in the latest full window.
  std::optional<double> ratio() const { return ratio_; }
  // Why the choice is as it is: one clause for the log.
  const std::string& reason() const { return reason_; }

 private:
  struct Window {
    MonoTime since;
    Joules counter, power;
    Watts least, most;
    int counter_updates{0};
  };
  void judge(const Window& window, double ratio);
  void choose(Choice choice, std::string reason);

  std::optional<Window> window_;
  std::optional<Joules> power_;
  Watts now_{0};
  std::optional<double> ratio_;
  int strayed_{0}, agreed_{0};  // steady windows in a row
  bool is_coarse_{false};
  Choice choice_{Choice::counter};
  std::string reason_;
};

}  // namespace ipw::probes
