#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "probes/timeline.hpp"

namespace ipw::web {

// The mean power over one stretch of time; nothing where it is not known (a gap).
struct PowerSample {
  Interval over;
  std::optional<Watts> mean;
};

// The power of a channel during the part of `when` that its history covers: between the meter's own updates, or over
// `most` equal stretches where those are more. Ascending, without holes; empty where nothing is covered.
std::vector<PowerSample> power_samples(const probes::PowerTimeline& timeline, probes::ChannelId channel, Interval when,
                                       std::size_t most);

}  // namespace ipw::web
