#pragma once

#include <string>

#include "exporter/regression/target_watch.hpp"

namespace ipw::web {

// What a target is held against, and how far the evidence of each test has come.
std::string regression_html(const TargetRegression& shown);

}  // namespace ipw::web
