#pragma once

#include "replay/judges/math_expression.hpp"

namespace ipw::replay {

enum class Agreement { same, different, undecided };

// `a`, unless it leaves something open that `b` settles: all of several comparisons must be the same.
Agreement both(Agreement a, Agreement b);
// One of several comparisons is enough.
Agreement either(Agreement a, Agreement b);

// Whether two expressions have the same value, as numbers or as functions of their symbols. Rational ones by normal
// form, exactly (math_residue.hpp); the rest by evaluation at random points that are always the same, to 1e-12, or 1e-9
// where decimals are written; points outside the domain are drawn again, and where there are too few it is undecided.
// `tolerance` is the relative difference between numbers that is still the same.
Agreement same_value(const MathNode& a, const MathNode& b, double tolerance);

// Whether `a` is `b` times a number other than zero: a = 0 and b = 0 are the same equation.
Agreement proportional(const MathNode& a, const MathNode& b);

}  // namespace ipw::replay
