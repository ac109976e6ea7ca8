#pragma once

#include <atomic>
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

// One instant at which the joules of a channel are known.
struct PowerPoint {
  MonoTime at;
  Joules cumulative;   // since the channel began
  Seconds sd{0};       // of `at`: the sensor's update happened then, give or take
  double variance{0};  // of `cumulative`, in J^2, beside that: what readings left open, summed up since the beginning
};

// How long a channel's history is: always `recent`; beyond it what the books still need, but never more than `most`.
struct HistoryLength {
  HistoryLength(Seconds at_most, Seconds always = Seconds{300})  // NOLINT(google-explicit-constructor): most say that
      : most(at_most), recent(always) {}
  Seconds most, recent;
};

// The recent history of every channel as cumulative joules, and the energy between any two instants of it. This is the
// one thing that samplers and the books share. Thread-safe.
//
// Between two points, energy is interpolated. A stretch in which nothing is known (a failed source, a reset counter) is
// kept as a gap: energy() refuses it, cumulative() stays flat in it, and whatever the counter shows at its end appears
// there at once.
//
// What was answered once stays: for instants up to covered_until() neither joules nor their uncertainty change, so that
// the books may take differences at any time and lose nothing. Memory is bounded by `keep` per channel, and by what the
// books need; look-ups take O(log n).
class PowerTimeline {
 public:
  PowerTimeline(std::size_t channels, HistoryLength keep);

  // One at or before the last known instant is ignored: a counter shows its energy again at the next.
  // REQUIRES: neither `cumulative` nor `variance` falls.
  void append(ChannelId channel, const PowerPoint& point);
  void append(ChannelId channel, MonoTime at, Joules cumulative) { append(channel, PowerPoint{at, cumulative}); }
  // Nothing is known from the last point until `until`; covered_until() moves on all the same. With `cumulative`, the
  // gap ends in a good reading; without, the stretch up to the next reading is unknown too.
  // `reset`: because the counter began anew.
  void append_gap(ChannelId channel, MonoTime until, std::optional<Joules> cumulative = {}, bool reset = false);

  // The books need nothing before that instant any more. What is older than it, and not
  // recent either, is forgotten.
  void forget_before(MonoTime needed_since) { needed_since_.store(needed_since, std::memory_order_relaxed); }

  // Joules drawn during `when`. Errors: unavailable, where the history does not cover both ends or has a gap.
  //
  // The error has four parts. An edge at fraction f of an interval of length t, in which power changed by D (from the
  // interval before to the one after it), is off by up to D t f(1-f): as much where the power stepped at the edge
  // itself. The updates at the interval's ends happened a little earlier or later than is known: P sd, weighted by the
  // distance. And what gauges left open between their readings. (METHODOLOGY.md, "Energy edges".)
  Result<Energy> energy(ChannelId channel, Interval when) const;
  // Joules so far at `at`, flat within gaps; nothing outside the history. The books take differences of this one.
  std::optional<Joules> cumulative(ChannelId channel, MonoTime at) const;
  // Whether the counter began anew within it, as far as the history reaches.
  bool has_reset(ChannelId channel, Interval when) const;
  // The instants strictly inside `when` at which the channel's history has a point, ascending.
  std::vector<MonoTime> points(ChannelId channel, Interval when) const;
  // The last instant of which everything is known that ever will be, uncertainty included: the end of a gap, or the
  // last point but one. Nothing before the first reading.
  std::optional<MonoTime> covered_until(ChannelId channel) const;
  // The first instant still in the history.
  std::optional<MonoTime> covered_since(ChannelId channel) const;

  // Mean power between the two newest points; nothing before there are two, or after a gap.
  std::optional<Watts> power(ChannelId channel) const;

 private:
  // 32 bytes: there are tens of thousands.
  struct Point {
    Point(const PowerPoint& point, std::uint32_t gaps_so_far, std::uint32_t resets_so_far)
        : at(point.at),
          cumulative(point.cumulative),
          variance(point.variance),
          sd_seconds(static_cast<float>(point.sd.value)),
          gaps(gaps_so_far & 0xffffffU),
          resets(resets_so_far & 0xffU) {}
    Seconds sd() const { return Seconds{sd_seconds}; }

    MonoTime at;
    Joules cumulative;
    double variance;
    float sd_seconds;
    // So far in this history, counted in a circle: another number than the point before has means that nothing is known
    // between, and that the counter was reset there.
    std::uint32_t gaps : 24, resets : 8;
  };
  struct History {
    mutable std::mutex mutex;
    std::deque<Point> points;  // ascending in `at`, never falling in `cumulative`
    bool ends_in_gap{false};   // what follows the newest point is unknown up to the next reading
  };

  History& history(ChannelId channel) { return histories_[static_cast<std::size_t>(channel)]; }
  const History& history(ChannelId channel) const { return histories_[static_cast<std::size_t>(channel)]; }
  void trim(History& history) const;
  static std::optional<Joules> joules_at(const History& history, MonoTime at);
  static double edge_variance(const History& history, MonoTime at);
  static double hidden_variance(const History& history, Interval when);
  static double variance(const History& history, Interval when);

  HistoryLength keep_;
  std::atomic<MonoTime> needed_since_{MonoTime::min()};
  std::deque<History> histories_;
};

}  // namespace ipw::probes
