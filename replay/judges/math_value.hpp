#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>

#include "replay/judges/math_expression.hpp"

namespace ipw::replay {

// Where an expression is evaluated. A symbol's value depends on its name and the point alone.
struct MathPoint {
  enum class Draw { positive, negative, mixed, whole };
  std::uint64_t seed{0};
  Draw draw{Draw::mixed};
  bool complex{false};      // whether √-1 has a value
  bool natural_log{false};  // the base of `log` without one: e, or 10
};

struct MathValue {
  std::complex<double> value;  // not finite outside the domain
  double scale;                // the largest magnitude on the way, of which a rounding error is a part
};

// Double precision; depth of recursion is that of the tree.
MathValue evaluate(const MathNode& node, const MathPoint& point);

// The integer that an expression without symbols is, below 2^53.
std::optional<long> whole_number(const MathNode& node);

// pi, e, i, infinity
bool is_constant(std::string_view symbol);

}  // namespace ipw::replay
