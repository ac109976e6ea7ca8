#pragma once

#include <string>

#include "exporter/commands/terminal.hpp"
#include "exporter/plan.hpp"

namespace ipw {

// A plan for people: targets, corpus, power sources, and which channels each target is charged for.
std::string plan_text(const Plan& plan, const TerminalStyle& style = {});

}  // namespace ipw
