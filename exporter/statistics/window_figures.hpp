#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/statistics/clustered.hpp"
#include "probes/topology.hpp"

namespace ipw {

// What the queries of some set come to, with bounds; each figure absent where there is not enough to tell.
struct FigureSet {
  std::uint64_t queries{0};  // judged
  double score{0};
  std::optional<Estimate> accuracy;
  std::map<std::pair<probes::Scope, probes::Quality>, ClusteredEfficiency> energy;
};

struct SliceFigures {
  std::string subject, language;
  FigureSet figures;
};

// One target's queries of the latest time, or of the current cycle.
struct WindowFigures {
  std::string window;  // as the label has it: 5m, 1h, 24h, 7d, cycle
  FigureSet all;
  std::vector<SliceFigures> slices;  // by subject and language; only of the windows that keep them apart
};

}  // namespace ipw
