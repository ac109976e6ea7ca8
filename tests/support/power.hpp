#pragma once

#include <string>
#include <vector>

#include "exporter/accounting/attribution.hpp"
#include "probes/timeline.hpp"
#include "tests/support/attempts.hpp"

namespace ipw::testing {

inline probes::ChannelId channel(std::size_t index) {
  return static_cast<probes::ChannelId>(index);
}

// Readings of a counter at constant power, every `period` from `from`, so that it is known up to `until`: one more than
// that. Its value at 0 s is 0.
inline void feed(probes::PowerTimeline& timeline, std::size_t index, double watts, double from, double until,
                 double period = 0.05) {
  for (long i = 0; from + static_cast<double>(i) * period <= until + period + 1e-9; ++i) {
    const double t = from + static_cast<double>(i) * period;
    timeline.append(channel(index), at(t), Joules{watts * t});
  }
}

inline Book make_book(std::vector<std::size_t> channels, std::vector<std::size_t> targets,
                      std::optional<Watts> idle_floor = {}, probes::Scope scope = probes::Scope::accelerator,
                      const std::string& device = "gpu0") {
  Book book{{scope, probes::Quality::measured, {device, "A GPU"}, {}}, std::move(targets), idle_floor};
  for (const auto index : channels) book.meter.channels.push_back(channel(index));
  return book;
}

}  // namespace ipw::testing
