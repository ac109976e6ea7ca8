#pragma once

#include <string>
#include <vector>

#include "exporter/accounting/snapshot.hpp"

namespace ipw::web {

// The verdicts over all targets: the first thing that is read.
std::string verdicts_html(const std::vector<TargetSnapshot>& targets);
// Everything about one target; `number` is its place among them.
std::string target_html(const TargetSnapshot& target, std::size_t number);
// The last failures of all targets, the newest first.
std::string failures_html(const std::vector<TargetSnapshot>& targets);

}  // namespace ipw::web
