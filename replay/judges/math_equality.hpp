#pragma once

#include "replay/judges/math_expression.hpp"
#include "replay/judges/math_same_value.hpp"

namespace ipw::replay {

// Whether an answer is what was expected, as mathematics. The expected side decides what is meant where a shape could
// be several things. Solutions (`1, 2`, `{1, 2}`, `x = 1 or x = 2`, `±1`) have no order and no repetition; points,
// intervals and matrices have; unions have no order; `x =`, `f(x) =` and `x ∈` before a value are no part of it;
// `x > 3` is (3, ∞); two equations are the same where one is a multiple of the other; a : b is proportional; per cent
// may be read or not, as the judge `numeric` does.
Agreement same_mathematics(const MathNode& expected, const MathNode& answer, double tolerance);

}  // namespace ipw::replay
