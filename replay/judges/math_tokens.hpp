#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ipw::replay {

// A piece of mathematics as people and models write it: LaTeX, plain ASCII, Unicode, or all of them at once.
struct MathToken {
  enum class Kind {
    number,    // 12, 0.5, 1.5e3; without separators of thousands
    repeated,  // 3, of 0.\overline{3}: stands behind its number
    based,     // 123_5
    symbol,    // x, alpha, x_{1}; also pi, e, i, infinity
    word,      // cm, Evelyn: what no formula is made of
    function,  // sin, ln, abs
    command,   // frac, sqrt, binom, emptyset, reals
    sign,      // + - * / ^ _ ! : % deg pm mp cup | & newline
    relation,  // = < > <= >= != in ~
    open,      // ( [ { \{ < floor ceil |
    close,
    comma,  // also `;`, `and`, `or`
    begin,  // of a matrix
    end,    // of a matrix
  };
  Kind kind;
  std::string text;
  bool spaced{false};  // white space stands before it
  bool plain{true};    // not from within \text{…}
};

enum class Commas {
  group_thousands,  // 1,234 is one number outside brackets
  separate,         // 1,234 is a list
  before_decimals,  // 1,234 is 1.234
};

// Units of currency, spacing, sizes of delimiters and full stops are left out. Linear time.
// Errors: invalid, such as "`\int` is not understood".
Result<std::vector<MathToken>> math_tokens(std::string_view text, Commas commas);

}  // namespace ipw::replay
