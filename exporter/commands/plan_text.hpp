#pragma once

#include <string>

#include "exporter/plan.hpp"

namespace ipw {

// A plan for people: targets, corpus, power sources, and which channels each target is charged for.
std::string plan_text(const Plan& plan);

}  // namespace ipw
