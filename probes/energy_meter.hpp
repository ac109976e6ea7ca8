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
// - A counter that rises by a plausible amount adds the rise; across a gap too, but how it spread is unknown.
// - A counter that falls has wrapped only if its range is known and the energy so explained is plausible. Across a gap
//   nothing about a fall can be proved, and it adds nothing.
// - After a reset or an implausible reading the next one must confirm the new level before anything is added again:
//   one garbled reading costs two steps, and no more.
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
  Step step(MeterEvent event, MonoTime at, bool known) const { return {event, at, cumulative_, known}; }

  bool is_gap(MonoTime at) const { return between(last_->at, at) > gap_; }
  bool is_plausible(Joules drawn, MonoTime at) const;
  void moved(MonoTime at);

  std::optional<Joules> wraps_at_;
  Watts max_power_;
  Seconds gap_;  // readings further apart than this leave a gap
  bool began_{false};
  std::optional<Sample> last_;  // the last good reading
  bool confirmed_{true};        // the level of last_ is believed
  MonoTime up_to_date_{};       // the counter was up to date at this instant or later
  std::optional<MonoTime> last_moved_;
  Seconds longest_rest_{0};
  bool told_stuck_{false};
  Joules cumulative_{0};
};

}  // namespace ipw::probes
