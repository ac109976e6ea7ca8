#include "probes/energy_meter.hpp"

#include <algorithm>
#include <cmath>

namespace ipw::probes {
namespace {

// No single channel draws this much: a whole rack of GPUs stays below.
constexpr Watts kMostOfAll{100e3};
// A counter may have been this far behind when its first reading was made, for all we know.
constexpr Seconds kFirstMove{1};
constexpr Seconds kShortestGap{2}, kShortestStuck{2};
// A counter that looks at the share d of each interval takes a step of power in the rest for one at its beginning: it
// is off by the step times g t, g uniform in [0, 1-d], whose mean square is (1-d)^3/3. A gauge's step lies anywhere
// between two readings, off by up to t/2 either way; 1/12 if it were independent of where queries begin, which it is
// not.
constexpr double kUnseenByCounter = 1.0 / 3, kUnseenByGauge = 0.3;

}  // namespace

std::string_view to_text(MeterEvent event) {
  constexpr std::string_view kNames[] = {"normal", "wrap", "reset", "gap", "stuck", "implausible"};
  return kNames[static_cast<std::size_t>(event)];
}

EnergyMeter::EnergyMeter(const Channel& channel, Seconds period)
    : wraps_at_(channel.wraps_at),
      max_power_(channel.max_power.value_or(kMostOfAll)),
      gap_(std::max(period * 20, kShortestGap)),
      looks_(channel.looks) {}

EnergyMeter::Step EnergyMeter::feed(const StampedReading& reading) {
  if (const auto* raw = std::get_if<Joules>(&reading.value)) return feed_counter(reading.at, *raw);
  return feed_gauge(reading.at, std::get<Watts>(reading.value));
}

EnergyMeter::Step EnergyMeter::feed_counter(MonoTime at, Joules raw) {
  const bool possible = std::isfinite(raw.value) && raw.value >= 0 && (!wraps_at_ || raw <= *wraps_at_);
  if (!possible) return step(MeterEvent::implausible, at, false);
  if (!last_) {
    last_ = {at, raw.value};
    up_to_date_ = at - to_chrono(kFirstMove);
    return step(MeterEvent::normal, at, true);
  }
  // The sensor's own stamp has not moved: the same reading again, or one that the next will contain.
  if (at <= last_->at) return step(MeterEvent::normal, at, true);

  const Joules by = raw - Joules{last_->value}, before = cumulative_;
  const auto result = by.value == 0 ? rest(at) : by.value > 0 ? rise(at, by) : fall(at, raw);
  const bool odd = result.event == MeterEvent::implausible || (by.value < 0 && result.event != MeterEvent::wrap);
  if (odd) doubt_last(at, raw);
  if (by.value != 0) moved(at);
  before_last_ = std::exchange(last_, Sample{at, raw.value});
  added_by_last_ = cumulative_ - before;
  return result;
}

EnergyMeter::Step EnergyMeter::rest(MonoTime at) {
  const bool known = std::exchange(confirmed_, true);
  pay_owed();
  if (is_gap(at)) return step(MeterEvent::gap, at, false);
  const bool stuck = last_moved_ && between(*last_moved_, at) > std::max(longest_rest_ * 20, kShortestStuck);
  if (!stuck || told_stuck_) return step(MeterEvent::normal, at, known);
  told_stuck_ = true;
  return step(MeterEvent::stuck, at, known);
}

EnergyMeter::Step EnergyMeter::rise(MonoTime at, Joules by) {
  if (!is_plausible(by, at)) return distrust(MeterEvent::implausible, at);
  const bool known = std::exchange(confirmed_, true), is_owed = owed_.has_value();
  pay_owed();
  if (is_gap(at)) {
    if (known || is_owed) {
      confirmed_ = false;
      owed_ = by;
    }
    return step(MeterEvent::gap, at, false);
  }
  if (known || is_owed) cumulative_ += count(by);
  auto result = step(MeterEvent::normal, at, known);
  const auto time = between(last_->at, at);
  if (known) result.variance = left_open(by / time, time, kUnseenByCounter * std::pow(1 - looks_.value_or(1), 3));
  return result;
}

EnergyMeter::Step EnergyMeter::fall(MonoTime at, Joules raw) {
  const bool gap = is_gap(at);
  if (wraps_at_ && confirmed_ && !gap) {
    const Joules by = raw + *wraps_at_ - Joules{last_->value};
    if (is_plausible(by, at)) {
      cumulative_ += count(by);
      return step(MeterEvent::wrap, at, true);
    }
  }
  // Across a gap, a counter that can wrap may have done so.
  return distrust(gap && wraps_at_ ? MeterEvent::gap : MeterEvent::reset, at);
}

// The next reading must agree with this one before anything is added again.
EnergyMeter::Step EnergyMeter::distrust(MeterEvent event, MonoTime at) {
  confirmed_ = false;
  owed_.reset();
  return step(event, at, false);
}

// This reading agrees with the one that ended a gap.
void EnergyMeter::pay_owed() {
  if (owed_) cumulative_ += count(*owed_);
  owed_.reset();
}

void EnergyMeter::doubt_last(MonoTime at, Joules raw) {
  if (!before_last_) return;
  Joules by = raw - Joules{before_last_->value};
  if (by.value < 0) by += wraps_at_.value_or(Joules{0});
  if (by.value < 0 || by > max_power_ * (between(before_last_->at, at) + gap_)) return;
  debt_ += std::max(Joules{0}, added_by_last_ - by);
}

Joules EnergyMeter::count(Joules by) {
  const auto paid = std::min(debt_, by);
  debt_ -= paid;
  return by - paid;
}

bool EnergyMeter::is_plausible(Joules drawn, MonoTime at) const {
  // A counter at rest for hours is no licence for hours' worth of energy at once.
  const Seconds held_back = std::min(between(up_to_date_, last_->at), std::max(gap_, longest_rest_ * 2));
  return drawn <= max_power_ * (between(last_->at, at) + held_back);
}

void EnergyMeter::moved(MonoTime at) {
  const bool gap = is_gap(at);
  if (last_moved_ && !gap) longest_rest_ = std::max(longest_rest_, between(*last_moved_, at));
  last_moved_ = at;
  up_to_date_ = gap ? at - to_chrono(std::min(kFirstMove, longest_rest_)) : last_->at;
  told_stuck_ = false;
}

EnergyMeter::Step EnergyMeter::feed_gauge(MonoTime at, Watts power) {
  const bool possible = std::isfinite(power.value) && power.value >= 0 && power <= max_power_;
  if (!possible) {
    last_.reset();
    began_ = true;
    return step(MeterEvent::implausible, at, false);
  }
  if (!last_) {
    last_ = {at, power.value};
    return step(MeterEvent::normal, at, !std::exchange(began_, true));
  }
  if (at <= last_->at) return step(MeterEvent::normal, at, true);
  const bool gap = is_gap(at);
  const auto before = std::exchange(last_, Sample{at, power.value});
  if (gap) return step(MeterEvent::gap, at, false);
  const auto time = between(before->at, at);
  cumulative_ += Watts{(before->value + power.value) / 2} * time;
  auto result = step(MeterEvent::normal, at, true);
  last_power_ = Watts{before->value};
  result.variance = left_open(power, time, kUnseenByGauge * (1 - looks_.value_or(0)));
  return result;
}

double EnergyMeter::left_open(Watts power, Seconds time, double share) {
  const auto change = power - std::exchange(last_power_, power).value_or(power);
  return share * std::pow((change * time).value, 2);
}

}  // namespace ipw::probes
