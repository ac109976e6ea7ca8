#pragma once

#include <string>

#include "exporter/regression/target_watch.hpp"

namespace ipw::web {

// A target's regressions as the status API tells them, a JSON object: what runs, what it is compared with, every test,
// and the subjects and queries that moved most.
std::string regression_json(const TargetRegression& shown);

}  // namespace ipw::web
