#include "replay/judges/math_equality.hpp"

#include <algorithm>
#include <cctype>
#include <span>
#include <string>

#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_shape.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;

constexpr std::size_t kMostItems = 64;

bool is_collection(const MathNode& node) {
  return node.kind == Kind::list || node.kind == Kind::set;
}
bool is_scalar(const MathNode& node) {
  switch (node.kind) {
    case Kind::tuple:
    case Kind::set:
    case Kind::list:
    case Kind::join:
    case Kind::matrix:
    case Kind::relation:
    case Kind::ratio:
    case Kind::text:
    case Kind::based:
      return false;
    default:
      return true;
  }
}
bool has_plus_minus(const MathNode& node) {
  return contains(node,
                  [](const MathNode& part) { return part.kind == Kind::plus_minus || part.kind == Kind::minus_plus; });
}

class Comparison {
 public:
  explicit Comparison(double tolerance) : tolerance_(tolerance) {}

  Agreement of(const MathNode& labelled_expected, const MathNode& labelled_answer) const {
    const auto expected = without_label(without_conditions(labelled_expected));
    const auto answer = without_label(without_conditions(labelled_answer));
    if (is_condition(expected) || is_condition(answer)) return regions(expected, answer);
    if (is_equation(expected) || is_equation(answer)) return equations(expected, answer);
    if (is_collection(expected) || is_collection(answer) || has_plus_minus(expected) || has_plus_minus(answer))
      return collections(expected, answer);
    return shapes(expected, answer);
  }

 private:
  static bool is_condition(const MathNode& node) {
    return is_inequality(node) || (node.kind == Kind::list && std::ranges::all_of(node.kids, is_inequality));
  }

  Agreement regions(const MathNode& expected, const MathNode& answer) const {
    const auto left = region(expected), right = region(answer);
    if (left && right) return shapes(*left, *right);
    const bool unknown = (!left && is_condition(expected)) || (!right && is_condition(answer));
    if (expected.kind != Kind::relation || answer.kind != Kind::relation)
      return unknown ? Agreement::undecided : Agreement::different;
    if (expected.text != answer.text) return Agreement::undecided;
    const auto same = in_order(expected.kids, answer.kids);
    return same == Agreement::same ? same : Agreement::undecided;
  }

  Agreement equations(const MathNode& expected, const MathNode& answer) const {
    const auto named = assignment(expected), stated = assignment(answer);
    if (!is_equation(answer)) return named ? of(named->value, answer) : Agreement::different;
    if (!is_equation(expected)) return of(expected, value_of(answer));
    if (named && stated && named->name == stated->name)
      if (const auto same = of(named->value, stated->value); same == Agreement::same || named->name == "tuple")
        return same;
    const auto sides_of = [](const MathNode& equation) {
      return node_of(Kind::subtract, equation.kids.front(), equation.kids.back());
    };
    const auto left = sides_of(expected), right = sides_of(answer);
    if (std::ranges::all_of(left.kids, is_scalar) && std::ranges::all_of(right.kids, is_scalar))
      return proportional(left, right);
    return expected.kids.size() == answer.kids.size() ? in_order(expected.kids, answer.kids) : Agreement::different;
  }

  Agreement in_order(std::span<const MathNode> expected, std::span<const MathNode> answer) const {
    if (expected.size() != answer.size()) return Agreement::different;
    auto all = Agreement::same;
    for (std::size_t i = 0; i < expected.size() && all != Agreement::different; ++i)
      all = both(all, of(expected[i], answer[i]));
    return all;
  }

  // Whether each of `items` is among `others`.
  Agreement within(std::span<const MathNode> items, std::span<const MathNode> others, bool items_expected) const {
    auto all = Agreement::same;
    for (const auto& item : items) {
      auto one = Agreement::different;
      for (const auto& other : others) {
        one = either(one, items_expected ? of(item, other) : of(other, item));
        if (one == Agreement::same) break;
      }
      all = both(all, one);
      if (all == Agreement::different) break;
    }
    return all;
  }

  Agreement in_any_order(std::span<const MathNode> expected, std::span<const MathNode> answer) const {
    if (expected.size() > kMostItems || answer.size() > kMostItems) return Agreement::undecided;
    const auto there = within(expected, answer, true);
    return there == Agreement::different ? there : both(there, within(answer, expected, false));
  }

  // The values of x = 1, y = 2, in the order of their names, where all are different.
  static std::vector<MathNode> values_by_name(const MathNode& list) {
    std::vector<Assignment> named;
    for (const auto& item : list.kids) {
      auto one = assignment(item);
      if (!one || std::ranges::any_of(named, [&](const auto& other) { return other.name == one->name; })) return {};
      named.push_back(*std::move(one));
    }
    if (named.size() < 2) return {};
    std::ranges::sort(named, {}, &Assignment::name);
    std::vector<MathNode> values;
    values.reserve(named.size());
    for (auto& one : named) values.push_back(std::move(one.value));
    return values;
  }

  Agreement collections(const MathNode& expected, const MathNode& answer) const {
    const auto named = values_by_name(expected), stated = values_by_name(answer);
    if (!named.empty() && !stated.empty()) return in_any_order(expected.kids, answer.kids);
    if (!named.empty()) return in_order(named, answer.kids);
    if (!stated.empty()) return in_order(expected.kids, stated);
    const auto is_ordered = [](const MathNode& node) { return node.kind == Kind::tuple && !has_plus_minus(node); };
    const bool lists = expected.kind == Kind::list || answer.kind == Kind::list;
    // The brackets of a point are easily left out, or written round a list; its order is not.
    if (lists && (is_ordered(expected) || is_ordered(answer)) && expected.kids.size() == answer.kids.size() &&
        expected.kids[0].kind != Kind::tuple && answer.kids[0].kind != Kind::tuple)
      return in_order(expected.kids, answer.kids);
    // 5 feet and 3 inches may be one length.
    const bool compound = answer.kind == Kind::list && std::ranges::all_of(answer.kids, &MathNode::measured);
    if (compound && !is_collection(expected)) return Agreement::undecided;
    // A set is no number, but a list of one solution is.
    const auto left = solutions(expected), right = solutions(answer);
    return in_any_order(left, right);
  }

  Agreement shapes(const MathNode& expected, const MathNode& answer) const {
    if (expected.kind == Kind::text || answer.kind == Kind::text) return texts(expected, answer);
    if (expected.kind == Kind::matrix || answer.kind == Kind::matrix) return matrices(expected, answer);
    if (expected.kind == Kind::ratio || answer.kind == Kind::ratio) return ratios(expected, answer);
    if (expected.kind == Kind::based || answer.kind == Kind::based)
      return expected.kind == answer.kind && expected.text == answer.text ? Agreement::same : Agreement::different;
    if (expected.kind == Kind::join || answer.kind == Kind::join) {
      const auto parts_of = [](const MathNode& node) {
        return node.kind == Kind::join ? std::span(node.kids) : std::span(&node, 1);
      };
      return in_any_order(parts_of(expected), parts_of(answer));
    }
    if (expected.kind == Kind::tuple || answer.kind == Kind::tuple) return tuples(expected, answer);
    return scalars(expected, answer);
  }

  static Agreement texts(const MathNode& expected, const MathNode& answer) {
    const auto is_name = [](const MathNode& node) { return node.kind == Kind::text || node.kind == Kind::symbol; };
    const bool same =
        is_name(expected) && is_name(answer) && comparable(expected.text, true) == comparable(answer.text, true);
    return same ? Agreement::same : Agreement::different;
  }

  Agreement tuples(const MathNode& expected, const MathNode& answer) const {
    if (expected.kind != answer.kind) return Agreement::different;
    // Brackets tell intervals apart; three coordinates are none.
    if (expected.kids.size() == 2 && expected.text != answer.text) return Agreement::different;
    return in_order(expected.kids, answer.kids);
  }

  static std::vector<MathNode> entries(const MathNode& node) {
    if (node.kind == Kind::tuple) return node.kids;
    std::vector<MathNode> all;
    for (const auto& row : node.kids) all.insert(all.end(), row.kids.begin(), row.kids.end());
    return all;
  }
  static bool is_column(const MathNode& node) {
    return node.kind == Kind::tuple ||
           std::ranges::all_of(node.kids, [](const auto& row) { return row.kids.size() == 1; });
  }

  Agreement matrices(const MathNode& expected, const MathNode& answer) const {
    const bool vectors =
        (expected.kind == Kind::tuple || answer.kind == Kind::tuple) && is_column(expected) && is_column(answer);
    if (expected.kind != answer.kind && !vectors) return Agreement::different;
    const auto widths = [](const MathNode& node) {
      std::vector<std::size_t> all;
      for (const auto& row : node.kids) all.push_back(row.kids.size());
      return all;
    };
    if (!vectors && widths(expected) != widths(answer)) return Agreement::different;
    const auto left = entries(expected), right = entries(answer);
    return in_order(left, right);
  }

  // A time of day, such as 11:30, is no proportion.
  static bool may_be_time(const MathNode& ratio) {
    return ratio.kids.size() == 2 && ratio.kids[1].kind == Kind::number && ratio.kids[1].text.size() == 2;
  }

  Agreement ratios(const MathNode& expected, const MathNode& answer) const {
    if (expected.kind == Kind::ratio && answer.kind == Kind::ratio) {
      if (may_be_time(expected) && may_be_time(answer)) return in_order(expected.kids, answer.kids);
      if (expected.kids.size() != answer.kids.size()) return Agreement::different;
      auto all = Agreement::same;
      for (std::size_t i = 1; i < expected.kids.size(); ++i)
        all = both(all, same_value(node_of(Kind::multiply, expected.kids[i], answer.kids[0]),
                                   node_of(Kind::multiply, answer.kids[i], expected.kids[0]), tolerance_));
      return all;
    }
    const auto& ratio = expected.kind == Kind::ratio ? expected : answer;
    const auto& other = expected.kind == Kind::ratio ? answer : expected;
    if (ratio.kids.size() != 2 || other.kind != Kind::divide) return Agreement::different;
    return same_value(node_of(Kind::divide, ratio.kids[0], ratio.kids[1]), other, tolerance_);
  }

  Agreement scalars(const MathNode& expected, const MathNode& answer) const {
    if (!is_scalar(expected) || !is_scalar(answer)) return Agreement::different;
    const int left = infinity_sign(expected), right = infinity_sign(answer);
    if (left != 0 || right != 0) return left == right ? Agreement::same : Agreement::different;
    auto agreement = Agreement::different;
    for (const auto& one : readings(expected))
      for (const auto& other : readings(answer)) agreement = either(agreement, same_value(one, other, tolerance_));
    return agreement;
  }

  // 25 % is 0.25 and is 25.
  static std::vector<MathNode> readings(const MathNode& node) {
    if (node.kind == Kind::percent) return {node.kids[0], node};
    if (node.kind != Kind::negate || node.kids[0].kind != Kind::percent) return {node};
    return {{Kind::negate, {}, node.kids[0].kids, false}, node};
  }

  double tolerance_;
};

}  // namespace

Agreement same_mathematics(const MathNode& expected, const MathNode& answer, double tolerance) {
  return Comparison(tolerance).of(expected, answer);
}

}  // namespace ipw::replay
