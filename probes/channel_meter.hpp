#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/cross_check.hpp"
#include "probes/energy_meter.hpp"
#include "probes/step_finder.hpp"
#include "probes/update_tracker.hpp"

namespace ipw::probes {

// Everything between the readings of one channel and the timeline: when the sensor updated (UpdateTracker), what its
// values mean in joules (EnergyMeter), and where it shows a counter and power, which of the two is to be believed
// (CrossCheck). What a gauge averaged over some time is taken for the middle of that time. Owned by one sampler thread;
// not thread-safe.
class ChannelMeter {
 public:
  // A point of the channel's history.
  struct Point {
    MonoTime at;        // the update's instant,
    Seconds sd;         // give or take
    Joules cumulative;  // since this meter began; never falls
    double variance;    // of `cumulative`, in J^2: what a gauge left open between its readings, summed up
    bool known;         // false: how energy was drawn between the last point and this one is unknown
    bool reset{false};  // because the counter began anew
  };
  struct Output {
    std::vector<Point> points;
    std::vector<MeterEvent> events;  // other than normal
  };

  // `period` is how often readings are meant to come.
  ChannelMeter(const Channel& channel, Seconds period);

  // Appends what became certain to `out`.
  void feed(const StampedReading& reading, Output& out);
  // The next reading comes after an outage: appends what was still held back.
  void interrupt(Output& out);

  std::optional<Seconds> period() const { return counter_.tracker.period(); }
  bool is_slow() const { return counter_.tracker.is_slow(); }
  bool moved() const { return counter_.tracker.moved(); }
  std::optional<double> crosscheck() const { return check_.ratio(); }
  CrossCheck::Choice choice() const { return check_.choice(); }
  const std::string& choice_reason() const { return check_.reason(); }

 private:
  // One of the two things that a channel may show.
  struct Side {
    Side(const Channel& channel, Seconds period) : meter(channel, period) {}
    UpdateTracker tracker;
    EnergyMeter meter;
    std::optional<MonoTime> last_at;
    Joules last{0};
    Watts now{0};  // a gauge's latest reading
  };

  Seconds window(const Side& side) const;
  void take(Side& side, Output& out);
  bool is_chosen(const Side& side) const;
  void check(const Side& side, const EnergyMeter::Step& step);
  bool is_frozen(const Side& side, const EnergyMeter::Step& step) const;
  void tell(const Side& side, const EnergyMeter::Step& step, Seconds sd, Output& out);
  void settle(const Point& point, Output& out);
  Joules share_after_told(const Side& side, const EnergyMeter::Step& step) const;

  Seconds averages_over_;
  double looks_;
  Side counter_;  // the channel's own kind: a channel that shows power alone has its gauge here
  Side power_;    // beside a counter
  CrossCheck check_;
  std::vector<Update> updates_;
  StepFinder steps_;
  bool sees_steps_{false};     // a counter's intervals tell power, a gauge's own figures do
  std::optional<Point> held_;  // until the power after it is known
  std::optional<MonoTime> told_at_;
  Joules told_{0};
  double variance_{0};
};

}  // namespace ipw::probes
