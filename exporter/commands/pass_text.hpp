#pragma once

#include <string>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/accounting/summary.hpp"
#include "exporter/commands/terminal.hpp"
#include "exporter/plan.hpp"

namespace ipw {

// The final table of a pass, one column of figures a target.
std::string pass_text(const Plan& plan, const std::vector<PassSummary>& passes, const TerminalStyle& style = {});

// The commonest recent failure, for people.
std::string failure_text(const Snapshot& snapshot);

}  // namespace ipw
