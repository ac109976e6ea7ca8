#pragma once

#include <string>

#include "base/options.hpp"

namespace ipw::replay {

// A sub-tree of the configuration as compact JSON, its scalars typed as YAML 1.2 (core schema) types them: integers,
// decimals, true/false, null; what is quoted, and everything else, is text.
std::string to_json_text(const OptionsNode& node);

}  // namespace ipw::replay
