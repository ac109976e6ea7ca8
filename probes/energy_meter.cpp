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

}  // namespace

std::string_view to_text(MeterEvent event) {
  constexpr std::string_view kNames[] = {"normal", "wrap", "reset", "gap", "stuck", "implausible"};
  return kNames[static_cast<std::size_t>(event)];
}

EnergyMeter::EnergyMeter(const Channel& channel, Seconds period)
    : wraps_at_(channel.wraps_at),
      max_power_(channel.max_power.value_or(kMostOfAll)),
      gap_(std::max(period * 20, kShortestGap)) {}

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

  const Joules by = raw - Joules{last_->value};
  const auto result = by.value == 0 ? rest(at) : by.value > 0 ? rise(at, by) : fall(at, raw);
  if (by.value != 0) moved(at);
  last_ = {at, raw.value};
  return result;
}

EnergyMeter::Step EnergyMeter::rest(MonoTime at) {
  const bool known = std::exchange(confirmed_, true);
  if (is_gap(at)) return step(MeterEvent::gap, at, false);
  const bool stuck = last_moved_ && between(*last_moved_, at) > std::max(longest_rest_ * 20, kShortestStuck);
  if (!stuck || told_stuck_) return step(MeterEvent::normal, at, known);
  told_stuck_ = true;
  return step(MeterEvent::stuck, at, known);
}

EnergyMeter::Step EnergyMeter::rise(MonoTime at, Joules by) {
  if (!is_plausible(by, at)) {
    confirmed_ = false;
    return step(MeterEvent::implausible, at, false);
  }
  const auto event = is_gap(at) ? MeterEvent::gap : MeterEvent::normal;
  const bool counts = std::exchange(confirmed_, true);
  if (counts) cumulative_ += by;
  return step(event, at, counts && event == MeterEvent::normal);
}

EnergyMeter::Step EnergyMeter::fall(MonoTime at, Joules raw) {
  const bool gap = is_gap(at);
  if (wraps_at_ && confirmed_ && !gap) {
    const Joules by = raw + *wraps_at_ - Joules{last_->value};
    if (is_plausible(by, at)) {
      cumulative_ += by;
      return step(MeterEvent::wrap, at, true);
    }
  }
  confirmed_ = false;
  return step(gap ? MeterEvent::gap : MeterEvent::reset, at, false);
}

bool EnergyMeter::is_plausible(Joules drawn, MonoTime at) const {
  // A counter at rest for hours is no licence for hours' worth of energy at once.
  const Seconds held_back = std::min(between(up_to_date_, last_->at), std::max(gap_, longest_rest_ * 2));
  return drawn <= max_power_ * (between(last_->at, at) + held_back);
}

void EnergyMeter::moved(MonoTime at) {
  if (last_moved_) longest_rest_ = std::max(longest_rest_, between(*last_moved_, at));
  last_moved_ = at;
  up_to_date_ = last_->at;
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
  if (!gap) cumulative_ += Watts{(last_->value + power.value) / 2} * between(last_->at, at);
  last_ = {at, power.value};
  return step(gap ? MeterEvent::gap : MeterEvent::normal, at, !gap);
}

}  // namespace ipw::probes
