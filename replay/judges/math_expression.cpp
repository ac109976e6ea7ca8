#include "replay/judges/math_expression.hpp"

#include <algorithm>

#include "replay/judges/math_parser.hpp"
#include "replay/judges/math_signs.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;

bool is_text(const MathNode& node) {
  return node.kind == Kind::text;
}

// Whether words stand where only numbers can: `Evelyn + 5`, `5 or more`; but `Area = 5`, and lists of names.
bool mixes_words(const MathNode& node) {
  const auto texts = std::ranges::count_if(node.kids, is_text);
  const bool names = node.kind == Kind::list || node.kind == Kind::set || node.kind == Kind::tuple;
  const bool label = node.kind == Kind::relation && texts == 1 && is_text(node.kids[0]);
  const bool all = std::ranges::all_of(
      node.kids, [](const MathNode& kid) { return kid.kind == Kind::text || kid.kind == Kind::symbol; });
  if (texts > 0 && !label && !(names && all)) return true;
  return std::ranges::any_of(node.kids, mixes_words);
}

}  // namespace

bool contains(const MathNode& node, const std::function<bool(const MathNode&)>& what) {
  return what(node) || std::ranges::any_of(node.kids, [&](const MathNode& kid) { return contains(kid, what); });
}

Result<MathNode> parse_math(std::string_view text, Commas commas) {
  text = bare_formula(text);
  if (text.size() > kLongestFormula) return Error{Errc::invalid, "is too long to be read"};
  auto tokens = math_tokens(with_latex_signs(text), commas);
  if (!tokens) return tokens.error();
  auto parsed = parse_math_tokens(*std::move(tokens));
  if (parsed && mixes_words(*parsed)) return Error{Errc::invalid, "mixes words and formulas"};
  return parsed;
}

bool is_mathematics(std::string_view text) {
  const auto formula = bare_formula(text);
  const bool marked = text.find_first_of("\\$^") != std::string_view::npos ||
                      text.find("_{") != std::string_view::npos || text.find("√") != std::string_view::npos ||
                      text.find("sqrt") != std::string_view::npos;
  const bool bracketed = !formula.empty() && std::string_view("([{").find(formula[0]) != std::string_view::npos;
  if (!marked && !bracketed) return false;
  const auto parsed = parse_math(text);
  if (!parsed) return false;
  if (marked && text.find('\\') != std::string_view::npos) return true;
  const bool shaped = parsed->kind == Kind::tuple || parsed->kind == Kind::set || parsed->kind == Kind::join;
  return (marked || shaped) && !contains(*parsed, is_text);
}

}  // namespace ipw::replay
