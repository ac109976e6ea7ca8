#include "probes/update_tracker.hpp"

#include <algorithm>
#include <cmath>

namespace ipw::probes {
namespace {

// How far two neighbouring updates of a good sensor stray from its period.
constexpr double kJitter = 0.02;

}  // namespace

void UpdateTracker::on_reading(const StampedReading& reading, std::vector<Update>& out) {
  // The sensor's own stamp has not moved: the same reading again, or one that the next will contain.
  if (last_ && reading.at <= last_->at) return;
  moved_ = !last_ || reading.value != last_->value;
  rhythm_.on_reading(reading.at, moved_);
  if (!is_slow()) {
    tell_pending(out);
    tell(reading, Seconds{0}, out);
  } else if (moved_) {
    on_move(reading, out);
  } else {
    on_rest(reading, out);
  }
  last_ = reading;
}

void UpdateTracker::on_rest(const StampedReading& reading, std::vector<Update>& out) {
  const auto certain = reading.at - to_chrono(rhythm_.patience());
  if (pending_ && certain <= pending_->when.high) return;
  tell_pending(out);
  auto rest = reading;
  rest.at = certain;
  tell(rest, Seconds{0}, out);
}

void UpdateTracker::on_move(const StampedReading& reading, std::vector<Update>& out) {
  const auto period = *rhythm_.period();
  const auto since = last_ ? last_->at : MonoTime::min();
  Bracket fresh{std::max(since, reading.at - to_chrono(period)), reading.at};
  // So soon after a reading without news, this can only be the update that follows the pending one.
  const bool is_next = last_ && between(since, reading.at) < period * 0.9;
  if (pending_) {
    narrow(pending_->when, fresh, is_next);
    tell_pending(out);
  } else if (last_) {
    // After a rest: one period ago, the sensor took the old value once more.
    auto again = *last_;
    again.at = fresh.low + (fresh.high - fresh.low) / 2 - to_chrono(period);
    tell(again, Seconds{0}, out);
  }
  pending_ = {reading, fresh};
}

// Two updates are a whole number of periods apart. Where that number is certain, each tells where the other can lie.
void UpdateTracker::narrow(Bracket& before, Bracket& after, bool next) const {
  const auto period = *rhythm_.period();
  const double leeway = std::max(kJitter, rhythm_.period_error() / period);
  const auto apart = [&](Seconds time, double more) { return time / period + more; };
  const double least = std::ceil(apart(between(before.high, after.low), -leeway));
  const double most = std::floor(apart(between(before.low, after.high), leeway));
  const double periods = next ? 1 : least;
  if (periods < 1 || (!next && least != most)) return;
  const auto shift = to_chrono(period * periods), slack = to_chrono(period * periods * leeway);
  const Bracket early{std::max(before.low, after.low - shift - slack),
                      std::min(before.high, after.high - shift + slack)};
  const Bracket late{std::max(after.low, before.low + shift - slack),
                     std::min(after.high, before.high + shift + slack)};
  if (early.low > early.high || late.low > late.high) return;  // the sensor lost its beat
  before = early;
  after = late;
}

void UpdateTracker::tell(const StampedReading& reading, Seconds sd, std::vector<Update>& out) {
  if (told_until_ && reading.at <= *told_until_) return;
  told_until_ = reading.at;
  out.push_back({reading, sd});
}

void UpdateTracker::tell_pending(std::vector<Update>& out) {
  if (!pending_) return;
  auto& [reading, when] = *pending_;
  reading.at = when.low + (when.high - when.low) / 2;
  tell(reading, when.width() / std::sqrt(12.0), out);
  pending_.reset();
}

void UpdateTracker::interrupt(std::vector<Update>& out) {
  tell_pending(out);
  last_.reset();
  rhythm_.restart();
}

}  // namespace ipw::probes
