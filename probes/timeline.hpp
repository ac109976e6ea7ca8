#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// Index of a channel in the rig (rig.hpp): the order in which channels were opened.
enum class ChannelId : std::uint32_t {};

// What was drawn over an interval. `sd` is one standard deviation of `total`, from the sensor's own granularity.
struct Energy {
  Joules total;
  Joules sd;
};

// The recent history of every channel as cumulative joules, and the energy between any two instants of it. This is the
// one thing that samplers and the books share. Thread-safe.
//
// A sensor publishes its counter in steps, and we may read it more often than it moves. Repeated readings are therefore
// not knowledge: only the readings at which the counter moved are kept, and energy is interpolated between those.
// A stretch in which nothing is known (a failed source, a reset counter) is kept as a gap: energy() refuses it,
// cumulative() stays flat in it, and whatever the counter shows at its end appears there at once.
//
// Memory is bounded by `keep` per channel.
class PowerTimeline {
 public:
  PowerTimeline(std::size_t channels, Seconds keep);

  // REQUIRES: `at` does not go back, `cumulative` does not fall (the energy meter resolves wraps and resets).
  void append(ChannelId channel, MonoTime at, Joules cumulative);
  // Nothing is known from the last point until `until`; covered_until() moves on all the same.
  void append_gap(ChannelId channel, MonoTime until);

  // Joules drawn during `when`. The standard deviation is that of two independent edge errors, each uniform over the
  // update interval that holds the edge. Errors: unavailable, where the history does not cover both ends or has a gap.
  Result<Energy> energy(ChannelId channel, Interval when) const;
  // Joules so far at `at`, flat within gaps; nothing outside the history. The books take differences of this one.
  std::optional<Joules> cumulative(ChannelId channel, MonoTime at) const;
  // The instants strictly inside `when` at which the channel's history has a point, ascending.
  std::vector<MonoTime> points(ChannelId channel, Interval when) const;
  // The last instant of which the channel knows something (a gap included); nothing before its first reading.
  std::optional<MonoTime> covered_until(ChannelId channel) const;
  // The first instant still in the history.
  std::optional<MonoTime> covered_since(ChannelId channel) const;

 private:
  struct Point {
    MonoTime at;
    Joules cumulative;
    bool after_gap;  // nothing is known between the point before and this one
  };
  struct History {
    mutable std::mutex mutex;
    std::deque<Point> points;
    MonoTime covered_until;
  };

  static std::optional<Joules> cumulative(const History& history, MonoTime at);

  Seconds keep_;
  std::deque<History> histories_;
};

}  // namespace ipw::probes
