#pragma once

#include <string>

#include "exporter/accounting/snapshot.hpp"

namespace ipw::web {

// "IPW 0.0033 1/W, 44.2 % right": the two that matter most of all, in one line.
std::string headline(const TargetSnapshot& target);
// The figures of a target that matter most, each with its bounds: a <dl>.
std::string target_tiles(const TargetSnapshot& target);

}  // namespace ipw::web
