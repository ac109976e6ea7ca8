#include "probes/timeline.hpp"

#include <algorithm>
#include <cmath>

namespace ipw::probes {

PowerTimeline::PowerTimeline(std::size_t channels, Seconds keep) : keep_(keep), histories_(channels) {}

void PowerTimeline::append(ChannelId channel, MonoTime at, Joules cumulative) {
  auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  if (h.points.empty()) {
    h.points.push_back({at, cumulative, Seconds{0}, 0});
    h.rhythm.on_reading(at, true);
    h.last_reading = at;
    return;
  }
  const auto& last = h.points.back();
  if (at <= last.at || at <= h.last_reading) return;

  const bool moved = cumulative > last.cumulative;
  if (h.tip == Tip::gap) {
    h.points.push_back({at, cumulative, Seconds{0}, last.gaps + 1});
    h.tip = Tip::reading;
    h.rhythm.on_reading(at, true);
  } else {
    const auto patience = h.rhythm.patience();
    h.rhythm.on_reading(at, moved);
    if (moved) {
      const auto lag = patience.value > 0 ? between(h.last_reading, at) : Seconds{0};
      h.points.push_back({at, cumulative, std::min(lag, patience), last.gaps});
      h.tip = Tip::reading;
    } else {
      rest(h, at - to_chrono(patience));
    }
  }
  h.last_reading = at;
  trim(h);
}

// Nothing was drawn from the newest point until `until`.
void PowerTimeline::rest(History& history, MonoTime until) {
  auto& last = history.points.back();
  if (until <= last.at) return;
  if (history.tip == Tip::rest) {
    last.at = until;  // a longer rest, not another one: a channel at 0 W costs no memory
    return;
  }
  history.points.push_back({until, last.cumulative, Seconds{0}, last.gaps});
  history.tip = Tip::rest;
}

void PowerTimeline::append_gap(ChannelId channel, MonoTime until, std::optional<Joules> cumulative) {
  auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  h.rhythm.restart();
  if (h.points.empty()) {
    h.points.push_back({until, cumulative.value_or(Joules{0}), Seconds{0}, 0});
  } else if (until <= h.points.back().at) {
    h.tip = Tip::gap;  // the stretch up to the next reading is unknown all the same
    return;
  } else if (h.tip == Tip::gap && !cumulative) {
    h.points.back().at = until;
  } else {
    const auto& last = h.points.back();
    h.points.push_back({until, cumulative.value_or(last.cumulative), Seconds{0}, last.gaps + 1});
  }
  h.tip = cumulative ? Tip::reading : Tip::gap;
  if (cumulative) h.rhythm.on_reading(until, true);
  h.last_reading = std::max(h.last_reading, until);
  trim(h);
}

void PowerTimeline::trim(History& history) const {
  auto& points = history.points;
  // One point older than the window stays, so that the window's own beginning can be interpolated.
  while (points.size() > 2 && between(points[1].at, points.back().at) > keep_) points.pop_front();
}

std::optional<Joules> PowerTimeline::joules_at(const History& history, MonoTime at) {
  const auto& points = history.points;
  if (points.empty() || at < points.front().at || at > points.back().at) return std::nullopt;
  const auto after = std::ranges::lower_bound(points, at, {}, &Point::at);
  if (after->at == at) return after->cumulative;
  const auto before = std::prev(after);
  if (after->gaps != before->gaps) return before->cumulative;
  const double share = between(before->at, at) / between(before->at, after->at);
  return before->cumulative + (after->cumulative - before->cumulative) * share;
}

// REQUIRES: joules_at(history, at) knows an answer, and `at` is in no gap.
double PowerTimeline::edge_variance(const History& history, MonoTime at) {
  const auto& points = history.points;
  const auto after = std::max(std::ranges::lower_bound(points, at, {}, &Point::at), std::next(points.begin()));
  const auto before = std::prev(after);
  const auto interval = between(before->at, after->at);
  const auto drawn = after->cumulative - before->cumulative;
  const double f = between(before->at, at) / interval;
  const Joules held_back = drawn / interval * (before->lag * (1 - f) + after->lag * f);
  return drawn.value * drawn.value * f * (1 - f) / 2 + held_back.value * held_back.value / 12;
}

// REQUIRES: when.begin < when.end, both covered.
Joules PowerTimeline::sd(const History& history, Interval when) {
  const auto& points = history.points;
  const auto first = std::ranges::upper_bound(points, when.begin, {}, &Point::at);
  if (first->at < when.end) {
    return Joules{std::sqrt(edge_variance(history, when.begin) + edge_variance(history, when.end))};
  }
  // Both edges in one update interval: their errors are one error, which a window of no length or of the whole
  // interval does not have.
  const auto before = std::prev(first);
  const double share = length(when) / between(before->at, first->at);
  const auto drawn = first->cumulative - before->cumulative;
  return drawn * std::sqrt(share * (1 - share) / 2);
}

Result<Energy> PowerTimeline::energy(ChannelId channel, Interval when) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  const auto begin = joules_at(h, when.begin), end = joules_at(h, when.end);
  if (h.points.empty()) return Error{Errc::unavailable, "the power source has not been read yet"};
  if (!begin && when.begin < h.points.front().at)
    return Error{Errc::unavailable, "the power history does not reach back that far"};
  if (!begin || !end) return Error{Errc::unavailable, "the power history has not come that far yet"};
  if (when.begin >= when.end) return Energy{Joules{0}, Joules{0}};

  const auto first = std::prev(std::ranges::upper_bound(h.points, when.begin, {}, &Point::at));
  const auto last = std::ranges::lower_bound(h.points, when.end, {}, &Point::at);
  if (first->gaps != last->gaps) return Error{Errc::unavailable, "the power source has a gap in that time"};
  return Energy{*end - *begin, sd(h, when)};
}

std::optional<Joules> PowerTimeline::cumulative(ChannelId channel, MonoTime at) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  return joules_at(h, at);
}

std::vector<MonoTime> PowerTimeline::points(ChannelId channel, Interval when) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  std::vector<MonoTime> inside;
  for (auto p = std::ranges::upper_bound(h.points, when.begin, {}, &Point::at); p != h.points.end(); ++p) {
    if (p->at >= when.end) break;
    inside.push_back(p->at);
  }
  return inside;
}

std::optional<MonoTime> PowerTimeline::covered_until(ChannelId channel) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  if (h.points.empty()) return std::nullopt;
  return h.points.back().at;
}

std::optional<MonoTime> PowerTimeline::covered_since(ChannelId channel) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  if (h.points.empty()) return std::nullopt;
  return h.points.front().at;
}

std::optional<Watts> PowerTimeline::power(ChannelId channel) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  if (h.points.size() < 2) return std::nullopt;
  const auto &last = h.points.back(), &before = h.points[h.points.size() - 2];
  if (last.gaps != before.gaps) return std::nullopt;
  return (last.cumulative - before.cumulative) / between(before.at, last.at);
}

std::optional<Seconds> PowerTimeline::update_period(ChannelId channel) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  return h.rhythm.period();
}

}  // namespace ipw::probes
