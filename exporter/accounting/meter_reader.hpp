#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/split.hpp"
#include "probes/timeline.hpp"
#include "probes/topology.hpp"

namespace ipw {

// Reads one meter, all its channels together, off the timeline, stretch after stretch, so that what it tells adds up to
// what the channels counted: nothing is told twice and nothing is left out, not even what a gap or a trimmed history
// hides. Owned by the attributor; one thread.
class MeterReader {
 public:
  // Counts from `start` on, or from a channel's first reading where that comes later.
  MeterReader(const probes::Meter& meter, MonoTime start);

  // Looks where the channels stood at the start, as long as that is still in the history. Call often until it is read.
  void find_origin(const probes::PowerTimeline& timeline);
  // The last instant of which every channel that has a history knows something; nothing where none has one.
  std::optional<MonoTime> covered_until(const probes::PowerTimeline& timeline) const;
  // The joules of `when`, cut at the channels' points. A piece is known where all channels are.
  // REQUIRES: `when` begins where the last call's ended, the first call's at `start`.
  std::vector<PowerPiece> read(const probes::PowerTimeline& timeline, Interval when);

 private:
  struct Channel {
    probes::ChannelId id;
    std::optional<Joules> told;  // cumulative joules told so far; nothing before its origin is known
  };
  PowerPiece piece(const probes::PowerTimeline& timeline, Interval when);

  MonoTime start_;
  std::vector<Channel> channels_;
};

}  // namespace ipw
