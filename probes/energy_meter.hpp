#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "probes/power_source.hpp"

namespace ipw::probes {

// How one reading relates to the one before.
enum class MeterEvent {
  normal,
  wrap,         // the counter passed its known range, and the implied power is plausible
  reset,        // the counter fell and no wrap explains it: what was drawn meanwhile is unknown
  gap,          // the readings are too far apart to say how the energy spread between them
  stuck,        // the counter has not moved for far longer than it ever did before (told once)
  implausible,  // the reading is no number, negative, or implies more power than the channel can draw
};
constexpr std::size_t kMeterEvents = 6;
std::string_view to_text(MeterEvent event);

// Turns the readings of one channel, counter or gauge, into joules that only ever rise. Wraps, resets, gaps and the
// integration of gauges live here and nowhere else. It may lose joules to a fault, and says so, but never invents any:
//
// - A counter that rises by a plausible amount adds the rise; across a gap, where almost any rise is plausible, once
// the
//   next reading agrees, and how it spread is unknown.
// - A counter that falls has wrapped only if its range is known and the energy so explained is plausible. Across a gap
//   nothing about a fall can be proved, and it adds nothing.
// - After a reset or an implausible reading the next one must confirm the new level before anything is added again:
//   one garbled reading costs two steps, and no more.
// - Where a reading and the one before the last agree, and the last fits neither, the last was garbled, plausible as
//   it looked. What it added is taken off what is counted next.
// - A gauge is integrated by trapezoids between neighbouring good readings, and not at all across gaps.
//
// Plausible: no more than max_power since the counter can last have been up to date, which is the reading before the
// one at which it last moved. (A sensor slower than we read shows several readings' worth of energy at once.) Owned by
// one sampler thread; not thread-safe.
class EnergyMeter {
 public:
  // `period` is how often readings are meant to come.
  EnergyMeter(const Channel& channel, Seconds period);

  struct Step {
    MeterEvent event{MeterEvent::normal};
    MonoTime at;
    Joules cumulative;  // since this meter began
    bool known{true};   // false: how energy was drawn between the last step and this one is unknown
    // Of the joules since the last step, in J^2: what a sensor that does not look all the time leaves open, in
    // proportion to (P2 - P1)^2 t^2.
    double variance{0};
  };
  // REQUIRES: stamps do not go back; always the same kind of reading.
  Step feed(const StampedReading& reading);

  Joules cumulative() const { return cumulative_; }

 private:
  struct Sample {
    MonoTime at;
    double value;
  };

  Step feed_counter(MonoTime at, Joules raw);
  Step feed_gauge(MonoTime at, Watts power);
  Step rest(MonoTime at);
  Step rise(MonoTime at, Joules by);
  Step fall(MonoTime at, Joules raw);
  Step distrust(MeterEvent event, MonoTime at);
  void pay_owed();
  Step step(MeterEvent event, MonoTime at, bool known) const { return {event, at, cumulative_, known, 0}; }

  bool is_gap(MonoTime at) const { return between(last_->at, at) > gap_; }
  bool is_plausible(Joules drawn, MonoTime at) const;
  void moved(MonoTime at);
  void doubt_last(MonoTime at, Joules raw);
  Joules count(Joules by);
  double left_open(Watts power, Seconds time, double share);

  std::optional<Joules> wraps_at_;
  Watts max_power_;
  Seconds gap_;  // readings further apart than this leave a gap
  bool began_{false};
  std::optional<Sample> last_;         // the last good reading
  std::optional<Sample> before_last_;  // counters only
  Joules added_by_last_{0}, debt_{0};
  bool confirmed_{true};        // the level of last_ is believed
  std::optional<Joules> owed_;  // risen across a gap, until the level is
  MonoTime up_to_date_{};       // the counter was up to date at this instant or later
  std::optional<MonoTime> last_moved_;
  Seconds longest_rest_{0};
  bool told_stuck_{false};
  Joules cumulative_{0};
  std::optional<double> looks_;
  std::optional<Watts> last_power_;
};

}  // namespace ipw::probes
