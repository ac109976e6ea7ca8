#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// Learns from a channel's own readings how often its value moves, and from that what an unchanged reading means.
// Remembers the last few moves, so that memory is bounded and a changed driver is learned anew. Not thread-safe.
class UpdateRhythm {
 public:
  // REQUIRES: `at` does not go back.
  void on_reading(MonoTime at, bool moved);
  // What was before the next reading is not to be learned from.
  void restart();

  // The median time between two readings at which the value moved; nothing before four of them.
  std::optional<Seconds> period() const;
  // For how long the sensor may hold back energy that was already drawn: after an unchanged reading at t, nothing was
  // drawn until t - patience(). Zero while three quarters of the moves follow the move before without an unchanged
  // reading between, or while nothing is learned yet: the sensor is faster than we read.
  Seconds patience() const { return patience_; }

 private:
  struct Move {
    Seconds interval;  // since the move before
    Seconds still;     // how much of it was seen without movement
  };
  static constexpr std::size_t kRemembered = 32, kEnough = 4;

  double quantile(Seconds Move::*which, double share) const;

  std::array<Move, kRemembered> moves_{};
  std::size_t count_{0};
  std::optional<MonoTime> last_move_, last_reading_;
  Seconds patience_{0};
};

}  // namespace ipw::probes
