#include "exporter/web/power_samples.hpp"

#include <algorithm>

namespace ipw::web {
namespace {

std::vector<MonoTime> equal_edges(Interval when, std::size_t stretches) {
  std::vector<MonoTime> edges;
  const auto whole = when.end - when.begin;
  for (std::size_t i = 0; i <= stretches; ++i)
    edges.push_back(when.begin + whole * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(stretches));
  return edges;
}

}  // namespace

std::vector<PowerSample> power_samples(const probes::PowerTimeline& timeline, probes::ChannelId channel, Interval when,
                                       std::size_t most) {
  const auto since = timeline.covered_since(channel);
  const auto until = timeline.covered_until(channel);
  if (!since || !until) return {};
  when = {std::max(when.begin, *since), std::min(when.end, *until)};
  if (when.begin >= when.end) return {};

  auto edges = timeline.points(channel, when);
  if (edges.size() + 1 > most) {
    edges = equal_edges(when, most);
  } else {
    edges.insert(edges.begin(), when.begin);
    edges.push_back(when.end);
  }
  std::vector<PowerSample> samples;
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const Interval over{edges[i - 1], edges[i]};
    if (over.begin >= over.end) continue;
    const auto energy = timeline.energy(channel, over);
    samples.push_back({over, energy ? std::optional(energy->total / length(over)) : std::nullopt});
  }
  return samples;
}

}  // namespace ipw::web
