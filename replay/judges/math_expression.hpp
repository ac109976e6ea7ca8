#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "replay/judges/math_tokens.hpp"

namespace ipw::replay {

// A piece of mathematics as a tree. Its depth is bounded by the parser, so that recursion over it is safe.
struct MathNode {
  enum class Kind {
    number,  // text: digits, point, exponent
    based,   // text: 123_5
    symbol,  // text: x; pi, e, i and infinity are constants
    text,    // words
    add,
    subtract,
    multiply,
    divide,
    power,
    negate,
    plus_minus,  // one kid: ±a; two: a ± b
    minus_plus,
    call,  // text: the function; kids: the argument, and the base of log
    root,  // kids: radicand, index
    factorial,
    binomial,
    percent,
    tuple,     // text: its two brackets, of ( and [: an interval or a point
    set,       // in braces
    list,      // without brackets: solutions
    join,      // a union
    matrix,    // kids: rows, which are lists
    relation,  // text: the signs between its kids, each ended by a space
    ratio,     // a : b : c
  };
  Kind kind{Kind::text};
  std::string text;
  std::vector<MathNode> kids;
  bool grouped{false};   // stands in parentheses of its own
  bool measured{false};  // had a unit
};

inline MathNode node(MathNode::Kind kind, std::vector<MathNode> kids, std::string text = {}) {
  return {kind, std::move(text), std::move(kids), false};
}
template <class... Kids>
MathNode node_of(MathNode::Kind kind, Kids... kids) {
  MathNode made{kind, {}, {}, false};
  (made.kids.push_back(std::move(kids)), ...);
  return made;
}

// Whether `node` or anything below it is `what`.
bool contains(const MathNode& node, const std::function<bool(const MathNode&)>& what);

// Longer texts are nobody's final answer.
constexpr std::size_t kLongestFormula = 1500;

// Reads a whole text as mathematics. A text of words alone is a `text`; units behind numbers are left out.
// Linear time.
// Errors: invalid, what could not be read, such as "`\int` is not understood".
Result<MathNode> parse_math(std::string_view text, Commas commas = Commas::group_thousands);

// Whether `text`, which is no plain number, is mathematics by its shape: LaTeX, a power, a root, a tuple, a set, an
// interval; and can be read. Words and names are not.
bool is_mathematics(std::string_view text);

}  // namespace ipw::replay
