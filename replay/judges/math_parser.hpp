#pragma once

#include <vector>

#include "base/result.hpp"
#include "replay/judges/math_expression.hpp"
#include "replay/judges/math_tokens.hpp"

namespace ipw::replay {

// The tree of all the tokens, at most 400, nested at most 60 deep. Linear time.
// Errors: invalid, such as "ends too early".
Result<MathNode> parse_math_tokens(std::vector<MathToken> tokens);

}  // namespace ipw::replay
