#include "replay/judges/math_same_value.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "replay/judges/decimal.hpp"
#include "replay/judges/math_residue.hpp"
#include "replay/judges/math_value.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;

constexpr std::uint64_t kDraws = 240;
constexpr int kPoints = 24, kFewestPoints = 4;
constexpr double kClosedForm = 1e-12, kDecimals = 1e-9, kRounding = 1e-14;

bool has_symbol(const MathNode& node, std::string_view name) {
  return contains(node, [&](const MathNode& part) { return part.kind == Kind::symbol && part.text == name; });
}
bool is_number(const MathNode& node) {
  return !contains(node, [](const MathNode& part) { return part.kind == Kind::symbol && !is_constant(part.text); });
}
bool is_integer(const std::string& number) {
  const std::string_view mantissa = std::string_view(number).substr(0, number.find('e'));
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  const auto decimals = mantissa.substr(std::min(point + 1, mantissa.size()));
  const long exponent =
      mantissa.size() < number.size() ? std::strtol(number.c_str() + mantissa.size() + 1, nullptr, 10) : 0;
  return Decimal::of(mantissa.substr(0, point), decimals, exponent).is_integer();
}
// Whether a number is written that is no integer.
bool has_decimals(const MathNode& node) {
  return contains(node, [](const MathNode& part) { return part.kind == Kind::number && !is_integer(part.text); });
}
bool has_bare_log(const MathNode& node) {
  return contains(node, [](const MathNode& part) {
    return part.kind == Kind::call && part.text == "log" && part.kids.size() == 1;
  });
}

bool is_finite(std::complex<double> z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

MathPoint point_of(std::uint64_t draw, MathPoint like) {
  constexpr MathPoint::Draw kKinds[] = {MathPoint::Draw::positive, MathPoint::Draw::negative, MathPoint::Draw::mixed,
                                        MathPoint::Draw::mixed};
  like.seed = draw;
  if (like.draw != MathPoint::Draw::whole) like.draw = kKinds[draw % 4];
  return like;
}

bool are_close(const MathValue& a, const MathValue& b, double tolerance) {
  const double difference = std::abs(a.value - b.value);
  return difference <= tolerance * std::max(std::abs(a.value), std::abs(b.value)) ||
         difference <= kRounding * std::max(a.scale, b.scale);
}

// At the points where both have a value.
Agreement at_points(const MathNode& a, const MathNode& b, const MathPoint& like, double tolerance) {
  const bool numbers = is_number(a) && is_number(b);
  int points = 0, differ = 0;
  for (std::uint64_t draw = 0; draw < (numbers ? 1 : kDraws) && points < kPoints; ++draw) {
    const auto point = point_of(draw, like);
    const auto left = evaluate(a, point), right = evaluate(b, point);
    if (!is_finite(left.value) || !is_finite(right.value)) continue;
    ++points;
    differ += are_close(left, right, tolerance) ? 0 : 1;
  }
  if (points < (numbers ? 1 : kFewestPoints)) return Agreement::undecided;
  // Cancellation may spoil one point; functions that differ do so nearly everywhere.
  return differ > (numbers ? 0 : 1) ? Agreement::different : Agreement::same;
}

Agreement by_evaluation(const MathNode& a, const MathNode& b, double tolerance, bool natural_log) {
  MathPoint point;
  point.natural_log = natural_log;
  point.complex = has_symbol(a, "i") || has_symbol(b, "i");
  auto agreement = at_points(a, b, point, tolerance);
  if (agreement == Agreement::undecided && !point.complex && is_number(a) && is_number(b)) {
    point.complex = true;
    agreement = at_points(a, b, point, tolerance);
  } else if (agreement == Agreement::undecided) {
    point.draw = MathPoint::Draw::whole;
    agreement = at_points(a, b, point, tolerance);
  }
  return agreement;
}

Agreement by_residues(const MathNode& a, const MathNode& b) {
  int rounds = 0;
  for (std::uint64_t round = 0; round < kResidueRounds; ++round) {
    const auto left = residue(a, round), right = residue(b, round);
    if (!left || !right) continue;
    if (*left != *right) return Agreement::different;
    ++rounds;
  }
  return rounds >= 3 ? Agreement::same : Agreement::undecided;
}

}  // namespace

Agreement both(Agreement a, Agreement b) {
  if (a == Agreement::different || b == Agreement::different) return Agreement::different;
  return a == Agreement::same ? b : a;
}

Agreement either(Agreement a, Agreement b) {
  if (a == Agreement::same || b == Agreement::same) return Agreement::same;
  return a == Agreement::different ? b : a;
}

Agreement same_value(const MathNode& a, const MathNode& b, double tolerance) {
  const bool decimals = has_decimals(a) || has_decimals(b);
  if (is_rational(a) && is_rational(b)) {
    const auto exact = by_residues(a, b);
    if (exact == Agreement::same) return exact;
    // pi is a variable there and a number here.
    if (exact == Agreement::different && !decimals && tolerance <= 0) return exact;
  }
  const double near = std::max(tolerance, decimals ? kDecimals : kClosedForm);
  auto agreement = by_evaluation(a, b, near, false);
  if (!has_bare_log(a) && !has_bare_log(b)) return agreement;
  // What is the same for one base and not for the other is not known.
  return agreement == by_evaluation(a, b, near, true) ? agreement : Agreement::undecided;
}

Agreement proportional(const MathNode& a, const MathNode& b) {
  int rounds = 0;
  if (is_rational(a) && is_rational(b)) {
    for (std::uint64_t round = 0; round < kResidueRounds; ++round) {
      const auto same = same_ratio(a, b, round);
      if (same && !*same) return Agreement::different;
      rounds += same ? 1 : 0;
    }
    if (rounds >= 3) return Agreement::same;
  }
  MathPoint point;
  point.complex = has_symbol(a, "i") || has_symbol(b, "i");
  std::complex<double> ratio = 0;
  int points = 0;
  for (std::uint64_t draw = 0; draw < kDraws && points < kPoints; ++draw) {
    const auto here = point_of(draw, point);
    const auto left = evaluate(a, here).value, right = evaluate(b, here).value;
    if (!is_finite(left) || !is_finite(right) || left == 0.0 || right == 0.0) continue;
    if (points++ == 0) ratio = left / right;
    if (std::abs(left / right - ratio) > kDecimals * std::abs(ratio)) return Agreement::different;
  }
  return points < kFewestPoints ? Agreement::undecided : Agreement::same;
}

}  // namespace ipw::replay
