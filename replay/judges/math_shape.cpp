#include "replay/judges/math_shape.hpp"

#include <algorithm>
#include <string_view>

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;

constexpr std::string_view kFunctions = "fghpqrsuvyFGHPQRST";

bool is_symbol(const MathNode& node) {
  return node.kind == Kind::symbol;
}

// f(x), p(2), f^{-1}(x)
bool is_function(const MathNode& node) {
  if (node.kind != Kind::multiply) return false;
  const auto& name = node.kids[0].kind == Kind::power ? node.kids[0].kids[0] : node.kids[0];
  if (!is_symbol(name)) return false;
  const auto& argument = node.kids[1];
  return kFunctions.find(name.text[0]) != std::string_view::npos &&
         ((argument.grouped && (is_symbol(argument) || argument.kind == Kind::number)) || argument.kind == Kind::tuple);
}

// AB, ABC: a length or a triangle rather than a product.
bool is_name(const MathNode& node) {
  if (is_symbol(node)) return true;
  const auto is_capital = [](const MathNode& part) {
    return is_symbol(part) && part.text[0] >= 'A' && part.text[0] <= 'Z';
  };
  return node.kind == Kind::multiply && (is_capital(node.kids[0]) || node.kids[0].kind == Kind::multiply) &&
         is_name(node.kids[0]) && is_capital(node.kids[1]);
}
std::string joined_name(const MathNode& node) {
  return is_symbol(node) ? node.text : joined_name(node.kids[0]) + joined_name(node.kids[1]);
}

// The signs of a relation, one for each pair of neighbours.
std::vector<std::string> signs_of(const MathNode& relation) {
  std::vector<std::string> signs;
  for (std::size_t begin = 0; begin < relation.text.size();) {
    const auto end = relation.text.find(' ', begin);
    signs.push_back(relation.text.substr(begin, end - begin));
    begin = end + 1;
  }
  return signs;
}

std::optional<MathNode> interval(const MathNode& low, const MathNode& high, std::string brackets) {
  return MathNode{Kind::tuple, std::move(brackets), {low, high}, false};
}

MathNode infinite(bool negative) {
  MathNode infinity{Kind::symbol, "infinity", {}, false};
  return negative ? MathNode{Kind::negate, {}, {infinity}, false} : infinity;
}

// x < a, a <= x, a < x <= b; falling chains are turned round.
std::optional<MathNode> interval_of(const MathNode& node) {
  auto sides = node.kids;
  auto signs = signs_of(node);
  const bool falling = signs[0].starts_with('>');
  if (std::ranges::any_of(signs, [&](const auto& sign) { return sign[0] != (falling ? '>' : '<'); }))
    return std::nullopt;
  if (falling) {
    std::ranges::reverse(sides);
    std::ranges::reverse(signs);
  }
  const auto open = [](const std::string& sign) { return sign.size() > 1 ? "[" : "("; };
  if (sides.size() == 2 && is_symbol(sides[0]))
    return interval(infinite(true), sides[1], std::string("(") + open(signs[0]));
  if (sides.size() == 2 && is_symbol(sides[1]))
    return interval(sides[0], infinite(false), std::string(open(signs[0])) + "(");
  if (sides.size() == 3 && is_symbol(sides[1]))
    return interval(sides[0], sides[2], std::string(open(signs[0])) + open(signs[1]));
  return std::nullopt;
}

// x != a
MathNode all_but(const MathNode& value) {
  return {Kind::join, {}, {*interval(infinite(true), value, "(("), *interval(value, infinite(false), "((")}, false};
}

}  // namespace

bool is_equation(const MathNode& node) {
  return node.kind == Kind::relation &&
         std::ranges::all_of(signs_of(node), [](const auto& sign) { return sign == "="; });
}

bool is_inequality(const MathNode& node) {
  return node.kind == Kind::relation && !is_equation(node);
}

MathNode without_label(MathNode node) {
  if (node.kind != Kind::relation) return node;
  const auto signs = signs_of(node);
  const auto about = static_cast<std::size_t>(std::ranges::find(signs, "~") - signs.begin());
  // What follows ≈ is a rounded copy of what stands before it; `x ≈ 3` has no other value.
  const bool only_name = about == 0 && (is_symbol(node.kids[0]) || node.kids[0].kind == Kind::text);
  std::size_t first = 0, last = std::min(about + 1, node.kids.size());
  if (only_name) last = 2, first = 1;
  if (last > 1 && !only_name) {
    const auto& name = node.kids[0];
    const bool label = signs[0] == "=" && (is_function(name) || name.kind == Kind::text);
    first = label || signs[0] == "in" ? 1 : 0;
  }
  if (last - first == 1) return node.kids[first];
  MathNode kept{Kind::relation, {}, {}, false};
  for (auto i = first; i < last; ++i) kept.kids.push_back(node.kids[i]);
  for (auto i = first; i + 1 < last; ++i) kept.text.append(signs[i]).append(" ");
  return kept;
}

MathNode without_conditions(MathNode node) {
  if (node.kind != Kind::list) return node;
  std::erase_if(node.kids, [](const MathNode& item) {
    return item.kind == Kind::relation && item.text == "in " && is_symbol(item.kids[1]) &&
           item.kids[1].text.starts_with("mathbb");
  });
  if (node.kids.size() != 1) return node;
  auto only = std::move(node.kids[0]);
  return only;
}

std::optional<Assignment> assignment(const MathNode& node) {
  if (!is_equation(node)) return std::nullopt;
  const auto name_of = [](const MathNode& side) -> std::string {
    if (is_name(side)) return joined_name(side);
    const bool names = side.kind == Kind::tuple && std::ranges::all_of(side.kids, is_symbol);
    return names ? "tuple" : "";
  };
  const auto& first = node.kids.front();
  const auto& last = node.kids.back();
  if (auto name = name_of(first); !name.empty()) return Assignment{std::move(name), last};
  if (auto name = name_of(last); !name.empty()) return Assignment{std::move(name), first};
  return std::nullopt;
}

MathNode value_of(const MathNode& equation) {
  if (auto assigned = assignment(equation)) return std::move(assigned->value);
  return equation.kids.back();
}

std::optional<MathNode> region(const MathNode& node) {
  if (node.kind == Kind::tuple || node.kind == Kind::join) return node;
  if (node.kind == Kind::relation && node.text == "!= " && is_symbol(node.kids[0])) return all_but(node.kids[1]);
  if (is_inequality(node)) return interval_of(node);
  if (node.kind != Kind::list) return std::nullopt;
  MathNode all{Kind::join, {}, {}, false};
  for (const auto& item : node.kids) {
    auto part = region(item);
    if (!part) return std::nullopt;
    all.kids.push_back(*std::move(part));
  }
  return all;
}

std::vector<MathNode> without_plus_minus(const MathNode& node) {
  const auto is_open = [](const MathNode& part) {
    return part.kind == Kind::plus_minus || part.kind == Kind::minus_plus;
  };
  if (!contains(node, is_open)) return {node};
  struct Choice {
    bool upper;
    MathNode of(MathNode part) const {
      for (auto& kid : part.kids) kid = of(std::move(kid));
      if (part.kind != Kind::plus_minus && part.kind != Kind::minus_plus) return part;
      const bool plus = (part.kind == Kind::plus_minus) == upper;
      if (part.kids.size() == 1 && plus) return std::move(part.kids[0]);
      part.kind = part.kids.size() == 1 ? Kind::negate : plus ? Kind::add : Kind::subtract;
      return part;
    }
  };
  return {Choice{true}.of(node), Choice{false}.of(node)};
}

std::vector<MathNode> solutions(const MathNode& node) {
  std::vector<MathNode> all;
  if (node.kind != Kind::list && node.kind != Kind::set) return without_plus_minus(node);
  for (const auto& kid : node.kids)
    for (auto& one : without_plus_minus(without_label(kid))) all.push_back(std::move(one));
  return all;
}

int infinity_sign(const MathNode& node) {
  if (node.kind == Kind::negate) return -infinity_sign(node.kids[0]);
  return node.kind == Kind::symbol && node.text == "infinity" ? 1 : 0;
}

}  // namespace ipw::replay
