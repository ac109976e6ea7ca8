#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/units.hpp"
#include "probes/update_rhythm.hpp"

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
// A sensor publishes its counter in steps, and we may read it more often than that. Between two readings at which the
// counter moved, energy is interpolated. What a reading at which it did *not* move means depends on the sensor
// (UpdateRhythm): if its counter usually moves at every reading, nothing was drawn; if it is slower than we read,
// nothing is known until it moves, or until it has rested for longer than it does at work. A stretch in which nothing
// is known (a failed source, a reset counter) is kept as a gap: energy() refuses it, cumulative() stays flat in it, and
// whatever the counter shows at its end appears there at once.
//
// What was answered once stays: for instants up to covered_until() the joules never change, so that the books may take
// differences at any time and lose nothing. Memory is bounded by `keep` per channel; look-ups take O(log n).
class PowerTimeline {
 public:
  PowerTimeline(std::size_t channels, Seconds keep);

  // A reading. One at or before the last known instant is ignored: a counter shows its energy again at the next.
  // REQUIRES: `cumulative` does not fall (the energy meter resolves wraps and resets).
  void append(ChannelId channel, MonoTime at, Joules cumulative);
  // Nothing is known from the last point until `until`; covered_until() moves on all the same. With `cumulative`, the
  // gap ends in a good reading; without, the stretch up to the next reading is unknown too.
  void append_gap(ChannelId channel, MonoTime until, std::optional<Joules> cumulative = {});

  // Joules drawn during `when`. Errors: unavailable, where the history does not cover both ends or has a gap.
  //
  // Two independent edge errors make the variance. An edge at fraction f of an update interval that drew E has
  // E^2 f(1-f)/2: none at the interval's ends, where a reading was made, and over all f the mean of an error uniform
  // over the interval, E^2/12. Where the sensor is slower than we read, the update happened some time since the reading
  // before the one that showed it: (P * that time)^2 / 12 more. (METHODOLOGY.md, "Energy edges".)
  Result<Energy> energy(ChannelId channel, Interval when) const;
  // Joules so far at `at`, flat within gaps; nothing outside the history. The books take differences of this one.
  std::optional<Joules> cumulative(ChannelId channel, MonoTime at) const;
  // The instants strictly inside `when` at which the channel's history has a point, ascending.
  std::vector<MonoTime> points(ChannelId channel, Interval when) const;
  // The last instant of which the channel knows something (a gap included); nothing before its first reading.
  std::optional<MonoTime> covered_until(ChannelId channel) const;
  // The first instant still in the history.
  std::optional<MonoTime> covered_since(ChannelId channel) const;

  // Mean power between the two newest points; nothing before there are two, or after a gap.
  std::optional<Watts> power(ChannelId channel) const;
  // How often the channel's value really moves; nothing before that is learned.
  std::optional<Seconds> update_period(ChannelId channel) const;

 private:
  struct Point {
    MonoTime at;
    Joules cumulative;
    Seconds lag;         // the update that this point shows happened up to so long before
    std::uint32_t gaps;  // so far in this history: more than the point before has means that nothing is known between
  };
  // What the newest point is, which decides how the next reading goes on from it.
  enum class Tip { reading, rest, gap };
  struct History {
    mutable std::mutex mutex;
    std::deque<Point> points;  // ascending in `at`, never falling in `cumulative`
    Tip tip{Tip::reading};
    MonoTime last_reading{};
    UpdateRhythm rhythm;
  };

  History& history(ChannelId channel) { return histories_[static_cast<std::size_t>(channel)]; }
  const History& history(ChannelId channel) const { return histories_[static_cast<std::size_t>(channel)]; }
  void trim(History& history) const;
  static void rest(History& history, MonoTime until);
  static std::optional<Joules> joules_at(const History& history, MonoTime at);
  static double edge_variance(const History& history, MonoTime at);
  static Joules sd(const History& history, Interval when);

  Seconds keep_;
  std::deque<History> histories_;
};

}  // namespace ipw::probes
