#pragma once

#include <optional>
#include <string>
#include <vector>

#include "replay/judges/math_expression.hpp"

// Shapes of answers that mean the same as others.

namespace ipw::replay {

bool is_equation(const MathNode& node);
// A relation of order, such as x > 3.
bool is_inequality(const MathNode& node);

// Without what names the value and is no part of it: `f(x) =`, `x ∈`, `Area =`; and without `≈ 0.33` behind it.
MathNode without_label(MathNode node);

// A list without what is said of its letters: `k ∈ ℤ` behind a formula in k.
MathNode without_conditions(MathNode node);

// The symbol that an equation such as x = 5, 5 = x or AB = 5 gives a value, or (x, y) as a `tuple`; nothing for other
// equations.
struct Assignment {
  std::string name;
  MathNode value;
};
std::optional<Assignment> assignment(const MathNode& node);
// The value of a chain of equations: its last side, or its first where the last is but a name.
MathNode value_of(const MathNode& equation);

// The interval that inequalities of one symbol describe, or the union of several.
std::optional<MathNode> region(const MathNode& node);

// `node`, or the two it stands for where it has a ±; the signs of one node go together.
std::vector<MathNode> without_plus_minus(const MathNode& node);

// The items of a list, a set or a single solution.
std::vector<MathNode> solutions(const MathNode& node);

// 1 or -1 for the infinities, else 0.
int infinity_sign(const MathNode& node);

}  // namespace ipw::replay
