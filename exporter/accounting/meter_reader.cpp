#include "exporter/accounting/meter_reader.hpp"

#include <algorithm>

namespace ipw {
namespace {

constexpr Joules kRounding{1e-6};

}  // namespace

MeterReader::MeterReader(const probes::Meter& meter, MonoTime start) : start_(start) {
  for (const auto id : meter.channels) channels_.push_back({id, std::nullopt});
}

void MeterReader::find_origin(const probes::PowerTimeline& timeline) {
  for (auto& channel : channels_)
    if (!channel.told) channel.told = timeline.cumulative(channel.id, start_);
}

std::optional<MonoTime> MeterReader::covered_until(const probes::PowerTimeline& timeline) const {
  std::optional<MonoTime> least;
  for (const auto& channel : channels_)
    if (const auto until = timeline.covered_until(channel.id)) least = std::min(least.value_or(*until), *until);
  return least;
}

std::vector<PowerPiece> MeterReader::read(const probes::PowerTimeline& timeline, Interval when) {
  std::vector<MonoTime> cuts;
  const Interval with_end{when.begin, when.end + std::chrono::nanoseconds(1)};
  for (const auto& channel : channels_) {
    const auto points = timeline.points(channel.id, with_end);
    cuts.insert(cuts.end(), points.begin(), points.end());
  }
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const bool ends_measured = !cuts.empty() && cuts.back() == when.end;
  if (when.begin < when.end && !ends_measured) cuts.push_back(when.end);

  std::vector<PowerPiece> pieces;
  pieces.reserve(cuts.size());
  MonoTime from = when.begin;
  for (const auto cut : cuts) {
    pieces.push_back(piece(timeline, {from, cut}));
    from = cut;
  }
  if (!pieces.empty()) pieces.back().measured = ends_measured;
  return pieces;
}

PowerPiece MeterReader::piece(const probes::PowerTimeline& timeline, Interval when) {
  PowerPiece all{when.end, Joules{0}, true};
  for (auto& channel : channels_) {
    const auto stands = timeline.cumulative(channel.id, when.end);
    const auto stood = timeline.cumulative(channel.id, when.begin);
    // What the books did not wait for appears all at once: nobody knows whose it was.
    const bool told_all = stood && channel.told && *stood - *channel.told <= kRounding;
    if (!told_all || !timeline.energy(channel.id, when)) all.known = false;
    if (!stands) continue;
    all.energy += std::max(Joules{0}, *stands - channel.told.value_or(*stands));
    channel.told = stands;
  }
  return all;
}

}  // namespace ipw
