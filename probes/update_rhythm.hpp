#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// Learns from a channel's own readings how often its value moves, and from that what an unchanged reading means.
// Remembers the last few intervals between moves, so that memory is bounded and a changed driver is learned anew. What
// was seen closely (readings far shorter than the interval) is not replaced by what was seen from afar, as long as the
// two agree. Not thread-safe.
class UpdateRhythm {
 public:
  // REQUIRES: `at` does not go back.
  void on_reading(MonoTime at, bool moved);
  // What was before the next reading is not to be learned from.
  void restart();

  // The median time between two moves; nothing before four of them. An upper bound while the sensor was never seen at
  // rest between two readings.
  std::optional<Seconds> period() const { return period_; }
  // How far period() may be off: little where readings were much closer together than moves.
  Seconds period_error() const { return slack_ / 8; }
  // For how long the sensor may hold back energy that was already drawn: after an unchanged reading at t, nothing was
  // drawn until t - patience(). Zero while three quarters of the moves follow the move before without an unchanged
  // reading between, or while nothing is learned yet: the sensor is faster than we read.
  Seconds patience() const { return patience_; }

 private:
  // The true interval lies between `least`, the time for which it was seen without movement, and `most`.
  struct Move {
    Seconds interval, least, most;
    Seconds slack{most - least};
  };
  static constexpr std::size_t kRemembered = 32, kEnough = 4;

  void learn(const Move& move);
  bool agrees(const Move& move) const;
  Seconds quantile(Seconds Move::*which, double share) const;

  std::array<Move, kRemembered> moves_{};
  std::size_t count_{0};
  std::optional<MonoTime> last_move_, last_reading_;
  MonoTime before_last_move_{};
  // Of the moves remembered, so that a reading costs no search.
  std::optional<Seconds> period_;
  Seconds interval_{0}, slack_{0}, patience_{0};
};

}  // namespace ipw::probes
