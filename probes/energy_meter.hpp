#pragma once

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
  gap,          // the readings are too far apart to say what happened between them
  stuck,        // the counter has not moved for far longer than it ever did before
  implausible,  // the reading implies more power than the channel can draw
};
constexpr std::size_t kMeterEvents = 6;
std::string_view to_text(MeterEvent event);

// Turns the readings of one channel, counter or gauge, into joules that only ever rise. Wraps, resets, gaps and the
// integration of gauges live here and nowhere else. Only `normal` and `wrap` add joules.
// Owned by one sampler thread; not thread-safe.
class EnergyMeter {
 public:
  // `period` is how often readings are meant to come.
  EnergyMeter(const Channel& channel, Seconds period);

  struct Step {
    MeterEvent event{MeterEvent::normal};
    MonoTime at;
    Joules cumulative;  // since this meter began
    Watts power;        // mean over the step for a counter, the reading itself for a gauge
    bool known{true};   // false: nothing is known between the last step and this one
  };
  // REQUIRES: stamps do not go back.
  Step feed(const StampedReading& reading);

  Joules cumulative() const { return cumulative_; }

 private:
  Step feed_counter(MonoTime at, Joules raw);
  Step feed_gauge(MonoTime at, Watts power);

  std::optional<Joules> wraps_at_;
  Watts max_power_;
  Seconds period_;
  std::optional<StampedReading> last_;
  MonoTime last_moved_{};
  Seconds longest_still_{0};
  Joules cumulative_{0};
  bool reported_stuck_{false};
};

}  // namespace ipw::probes
