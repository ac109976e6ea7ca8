#pragma once

#include <string>

#include "base/options.hpp"
#include "base/result.hpp"

namespace ipw {

// A YAML text as an options tree; `name` is the file's in messages. Aliases are replaced by what they stand for.
// Errors: invalid, `FILE:LINE:COLUMN: message`, for what is not YAML, is several documents, repeats a key, or grows
// without bound through its aliases.
Result<OptionsNode> parse_yaml(const std::string& name, const std::string& yaml);

}  // namespace ipw
