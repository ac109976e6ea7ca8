#include "probes/channel_meter.hpp"

#include <algorithm>
#include <utility>

namespace ipw::probes {
namespace {

// A mean over a time W hides when power stepped: at the edge of a query, joules are off by W/8 times the step, always
// to the same side. This share of W makes 1.96 standard deviations cover that.
constexpr double kSmear = 1.0 / 5;

}  // namespace

ChannelMeter::ChannelMeter(const Channel& channel, Seconds period)
    : averages_over_(channel.averages_over),
      looks_(channel.looks.value_or(0)),
      counter_(channel, period),
      power_(channel, period) {}

void ChannelMeter::feed(const StampedReading& reading, Output& out) {
  if (reading.power) {
    power_.now = reading.power->value;
    power_.tracker.on_reading({reading.power->at, reading.power->value}, updates_);
    take(power_, out);
  }
  sees_steps_ = std::holds_alternative<Joules>(reading.value);
  counter_.tracker.on_reading(reading, updates_);
  take(counter_, out);
  if (reading.power) check_.on_periods(counter_.tracker.period(), power_.tracker.period());
}

void ChannelMeter::interrupt(Output& out) {
  for (auto* side : {&power_, &counter_}) {
    side->tracker.interrupt(updates_);
    take(*side, out);
    side->now = Watts{0};
  }
  check_.on_gap();
  if (held_) out.points.push_back(*std::exchange(held_, std::nullopt));
  steps_.restart();
}

bool ChannelMeter::is_chosen(const Side& side) const {
  return (&side == &power_) == (check_.choice() == CrossCheck::Choice::power);
}

// What a gauge's value is the mean of: so much time before its stamp.
Seconds ChannelMeter::window(const Side& side) const {
  return std::max(averages_over_, side.tracker.period().value_or(Seconds{0}) * looks_);
}

void ChannelMeter::take(Side& side, Output& out) {
  for (const auto& [reading, sd] : updates_) {
    auto sample = reading;
    const auto mean_of = std::holds_alternative<Watts>(sample.value) ? window(side) : Seconds{0};
    sample.at -= to_chrono(mean_of / 2);
    const auto step = side.meter.feed(sample);
    if (step.event != MeterEvent::normal) out.events.push_back(step.event);
    check(side, step);
    tell(side, step, std::max(sd, mean_of * kSmear), out);
    side.last = step.cumulative;
    side.last_at = step.at;
  }
  updates_.clear();
}

void ChannelMeter::check(const Side& side, const EnergyMeter::Step& step) {
  if (is_frozen(side, step)) return check_.on_stuck();
  if (!step.known) return check_.on_gap();
  if (&side == &power_)
    check_.on_power(step.cumulative, power_.now);
  else
    check_.on_counter(step.at, step.cumulative);
}

bool ChannelMeter::is_frozen(const Side& side, const EnergyMeter::Step& step) const {
  return &side == &counter_ && step.event == MeterEvent::stuck && power_.now.value > 0;
}

// Passes on the chosen side's steps as one history.
void ChannelMeter::tell(const Side& side, const EnergyMeter::Step& step, Seconds sd, Output& out) {
  const bool frozen = is_frozen(side, step);
  if (!is_chosen(side) && !frozen) return;
  if (told_at_ && step.at <= *told_at_) return;
  const auto by = share_after_told(side, step);
  // A counter that rests while power is drawn owes its next step: nothing is known before that comes.
  if (!frozen && &side == &counter_ && power_.now.value > 0 && step.known && side.last_at && by.value == 0) return;
  told_ += by;
  variance_ += step.variance;
  told_at_ = step.at;
  settle({step.at, sd, told_, variance_, step.known && !frozen, step.event == MeterEvent::reset}, out);
}

// Of a slow counter, the newest point is held back until the next one tells how power went on.
void ChannelMeter::settle(const Point& point, Output& out) {
  const auto step = steps_.add({point.at, point.cumulative});
  if (held_ && step)
    out.points.push_back({step->at, std::max(held_->sd, step->sd), step->cumulative, held_->variance, true});
  if (held_) out.points.push_back(*held_);
  held_.reset();
  if (!point.known) steps_.restart();
  if (point.known && is_slow() && is_chosen(counter_) && sees_steps_)
    held_ = point;
  else
    out.points.push_back(point);
}

// Where the choice has just changed, the new side has counted some of its step before the history's end already.
Joules ChannelMeter::share_after_told(const Side& side, const EnergyMeter::Step& step) const {
  const auto by = step.cumulative - side.last;
  if (!told_at_ || !side.last_at || *side.last_at >= *told_at_) return by;
  return by * (between(*told_at_, step.at) / between(*side.last_at, step.at));
}

}  // namespace ipw::probes
