#include "probes/timeline.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ipw::probes {
PowerTimeline::PowerTimeline(std::size_t channels, HistoryLength keep) : keep_(keep), histories_(channels) {}

void PowerTimeline::append(ChannelId channel, const PowerPoint& point) {
  auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  auto& points = h.points;
  if (points.empty()) {
    points.push_back({point, 0, 0});
    return;
  }
  const auto& last = points.back();
  if (point.at <= last.at) return;
  points.push_back({point, last.gaps + (h.ends_in_gap ? 1U : 0U), last.resets});
  h.ends_in_gap = false;
  trim(h);
}

void PowerTimeline::append_gap(ChannelId channel, MonoTime until, std::optional<Joules> cumulative, bool reset) {
  auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  const bool was_gap = std::exchange(h.ends_in_gap, !cumulative);
  if (h.points.empty()) {
    h.points.push_back({{until, cumulative.value_or(Joules{0})}, 0, 0});
    return;
  }
  auto& last = h.points.back();
  if (until <= last.at) {
    h.ends_in_gap = true;  // the stretch up to the next reading is unknown all the same
  } else if (was_gap && !cumulative && !reset) {
    last.at = until;
  } else {
    h.points.push_back({{until, cumulative.value_or(last.cumulative), Seconds{0}, last.variance},
                        last.gaps + 1U,
                        last.resets + (reset ? 1U : 0U)});
  }
  trim(h);
}

void PowerTimeline::trim(History& history) const {
  auto& points = history.points;
  const auto newest = points.back().at;
  const auto needed = std::min(needed_since_.load(std::memory_order_relaxed), newest - to_chrono(keep_.recent));
  const auto keep_since = std::max(needed, newest - to_chrono(keep_.most));
  // One point older than that stays, so that the beginning itself can be interpolated.
  while (points.size() > 2 && points[1].at < keep_since) points.pop_front();
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

// REQUIRES: joules_at(history, at) knows an answer, `at` is in no gap, and there are two points.
double PowerTimeline::edge_variance(const History& history, MonoTime at) {
  const auto& points = history.points;
  const auto after = std::max(std::ranges::lower_bound(points, at, {}, &Point::at), std::next(points.begin()));
  const auto before = std::prev(after);
  const auto power = [&](auto to) {
    return (to->cumulative - std::prev(to)->cumulative) / between(std::prev(to)->at, to->at);
  };
  const auto here = power(after);
  const bool has_left = before != points.begin() && std::prev(before)->gaps == before->gaps;
  const bool has_right = std::next(after) != points.end() && std::next(after)->gaps == after->gaps;
  const double left = has_left ? (here - power(before)).value : 0;
  const double right = has_right ? (power(std::next(after)) - here).value : 0;

  const auto interval = between(before->at, after->at);
  const double f = between(before->at, at) / interval;
  const double bend = (std::abs(left) + std::abs(right)) * interval.value * f * (1 - f);
  const double early = (here * before->sd()).value * (1 - f), late = (here * after->sd()).value * f;
  return bend * bend + early * early + late * late;
}

// REQUIRES: when.begin < when.end, both covered.
double PowerTimeline::variance(const History& history, Interval when) {
  const auto& points = history.points;
  const auto open_until = [&](MonoTime at) {
    const auto after = std::ranges::lower_bound(points, at, {}, &Point::at);
    if (after->at == at) return after->variance;
    const auto before = std::prev(after);
    const double share = between(before->at, at) / between(before->at, after->at);
    return before->variance + (after->variance - before->variance) * share;
  };
  return edge_variance(history, when.begin) + edge_variance(history, when.end) + hidden_variance(history, when) +
         std::max(0.0, open_until(when.end) - open_until(when.begin));
}

// Within a single interval each of its joules may have been drawn inside of `when` or outside.
double PowerTimeline::hidden_variance(const History& history, Interval when) {
  const auto before = std::prev(std::ranges::upper_bound(history.points, when.begin, {}, &Point::at));
  const auto after = std::next(before);
  if (after == history.points.end() || after->at < when.end) return 0;
  const double share = between(when.begin, when.end) / between(before->at, after->at);
  return std::pow((after->cumulative - before->cumulative).value, 2) * share * (1 - share);
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
  return Energy{*end - *begin, Joules{std::sqrt(variance(h, when))}};
}

std::optional<Joules> PowerTimeline::cumulative(ChannelId channel, MonoTime at) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  return joules_at(h, at);
}

bool PowerTimeline::has_reset(ChannelId channel, Interval when) const {
  const auto& h = history(channel);
  std::lock_guard lock(h.mutex);
  if (h.points.empty()) return false;
  auto first = std::ranges::upper_bound(h.points, when.begin, {}, &Point::at);
  if (first != h.points.begin()) --first;
  auto last = std::ranges::lower_bound(h.points, when.end, {}, &Point::at);
  if (last == h.points.end()) --last;
  return first->resets != last->resets;
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
  const auto& points = h.points;
  if (points.empty()) return std::nullopt;
  if (points.size() == 1 || h.ends_in_gap) return points.back().at;
  const auto& before = *std::prev(points.end(), 2);
  return before.gaps == points.back().gaps ? before.at : points.back().at;
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

}  // namespace ipw::probes
