#pragma once

#include <string>

#include "base/options.hpp"
#include "base/result.hpp"

namespace ipw {

// Replaces `${VAR}` in every value of the tree by the environment's; `$${` stands for `${` itself. Keys are left alone.
// Errors: invalid, `FILE:LINE:COLUMN: message`, for a variable that is not set or a name that is none.
Result<void> expand_environment(const std::string& file, OptionsNode& node);

// The tree as YAML text, to be shown: header values and whatever else may be a secret are replaced by `(hidden)`.
// Meant for a tree before expand_environment(), so that it shows the names of variables and not what they hold.
std::string shown_yaml(const OptionsNode& root);

}  // namespace ipw
