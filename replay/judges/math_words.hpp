#pragma once

#include <string_view>

#include "replay/judges/math_tokens.hpp"

namespace ipw::replay {

// What a run of letters, or the name of a LaTeX command, means.
struct MathWord {
  MathToken::Kind kind;
  std::string_view text;
};

// Null where LaTeX's `\name` is none that is understood.
const MathWord* math_command(std::string_view name);
// Null where the letters mean nothing of their own: `xy` may be a product and `apples` a word.
const MathWord* math_name(std::string_view letters);
// Whether letters that mean nothing of their own are a word: what is long, is a unit, or is short and common.
bool is_common_word(std::string_view letters);

// Whether a word behind a number can be its unit, and be left out: not one that says something about it, such as
// `squared` or `not`.
bool may_be_unit(std::string_view word);
// The number that `million` and its like are; else empty.
std::string_view scale_of(std::string_view word);

}  // namespace ipw::replay
