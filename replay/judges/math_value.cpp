#include "replay/judges/math_value.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;
using Value = std::complex<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_real(Value z) {
  return z.imag() == 0;
}
bool is_whole(Value z) {
  return is_real(z) && std::nearbyint(z.real()) == z.real();
}

class Evaluator {
 public:
  explicit Evaluator(const MathPoint& point) : point_(point) {}

  Value of(const MathNode& node) {
    auto value = computed(node);
    // Minus zero would choose the other branch of a root.
    if (value.imag() == 0) value.imag(0);
    scale_ = std::max(scale_, std::abs(value));
    return value;
  }
  double scale() const { return scale_; }

 private:
  Value computed(const MathNode& node) {
    switch (node.kind) {
      case Kind::number:
        return std::strtod(node.text.c_str(), nullptr);
      case Kind::symbol:
        return symbol(node.text);
      case Kind::add:
        return of(node.kids[0]) + of(node.kids[1]);
      case Kind::subtract:
        return of(node.kids[0]) - of(node.kids[1]);
      case Kind::multiply:
        return of(node.kids[0]) * of(node.kids[1]);
      case Kind::divide:
        return quotient(of(node.kids[0]), of(node.kids[1]));
      case Kind::negate:
        return -of(node.kids[0]);
      case Kind::percent:
        return of(node.kids[0]) / 100.0;
      case Kind::power:
        return power(of(node.kids[0]), of(node.kids[1]));
      case Kind::root:
        return root(of(node.kids[0]), of(node.kids[1]));
      case Kind::factorial:
        return factorial(of(node.kids[0]));
      case Kind::binomial:
        return binomial(of(node.kids[0]), of(node.kids[1]));
      case Kind::call:
        return call(node);
      default:
        return kNan;
    }
  }

  Value symbol(const std::string& name) const {
    if (name == "pi") return std::numbers::pi;
    if (name == "e") return std::numbers::e;
    if (name == "i") return {0, 1};
    if (name == "infinity") return kNan;
    const auto hash = hash_of(name, point_.seed);
    const double unit = static_cast<double>(hash >> 11) * 0x1p-53;
    if (point_.draw == MathPoint::Draw::whole) return std::floor(1 + 12 * unit);
    const double size = 0.1 + 2.9 * unit;
    const bool negative =
        point_.draw == MathPoint::Draw::negative || (point_.draw == MathPoint::Draw::mixed && hash % 2 == 1);
    return negative ? -size : size;
  }

  // In the reals, what is not real is not there.
  Value within(Value z) const { return point_.complex || is_real(z) ? z : kNan; }

  static Value quotient(Value a, Value b) { return b == 0.0 ? kNan : a / b; }

  Value power(Value base, Value exponent) const {
    if (base == 0.0) return is_real(exponent) && exponent.real() > 0 ? 0.0 : kNan;
    if (is_real(base) && is_real(exponent) && (base.real() > 0 || is_whole(exponent)))
      return std::pow(base.real(), exponent.real());
    return point_.complex ? std::pow(base, exponent) : kNan;
  }

  Value root(Value radicand, Value index) const {
    if (index == 2.0)
      return is_real(radicand) && radicand.real() >= 0 ? std::sqrt(radicand.real()) : within(std::sqrt(radicand));
    if (is_real(radicand) && is_whole(index) && std::abs(std::fmod(index.real(), 2)) == 1)
      return std::copysign(std::pow(std::abs(radicand.real()), 1 / index.real()), radicand.real());
    return power(radicand, quotient(1, index));
  }

  static Value factorial(Value n) {
    return is_real(n) && n.real() > -1
               ? std::round(n.real()) == n.real() ? std::round(std::tgamma(n.real() + 1)) : std::tgamma(n.real() + 1)
               : kNan;
  }
  static Value binomial(Value n, Value k) { return factorial(n) / (factorial(k) * factorial(n - k)); }

  Value logarithm(Value z) const {
    if (z == 0.0) return kNan;
    return is_real(z) && z.real() > 0 ? Value(std::log(z.real())) : within(std::log(z));
  }

  Value call(const MathNode& node) {
    const auto& name = node.text;
    const auto x = of(node.kids[0]);
    if (name == "ln") return logarithm(x);
    if (name == "log") {
      if (node.kids.size() > 1) return quotient(logarithm(x), logarithm(of(node.kids[1])));
      return point_.natural_log ? logarithm(x) : logarithm(x) / std::numbers::ln10;
    }
    if (name == "abs") return std::abs(x);
    if (name == "exp") return std::exp(x);
    if (name == "floor" || name == "ceil") {
      if (!is_real(x)) return kNan;
      return name == "floor" ? std::floor(x.real()) : std::ceil(x.real());
    }
    return is_real(x) ? Value(trigonometric(name, x.real())) : kNan;
  }

  static double trigonometric(const std::string& name, double x) {
    if (name == "sin") return std::sin(x);
    if (name == "cos") return std::cos(x);
    if (name == "tan") return std::tan(x);
    if (name == "cot") return 1 / std::tan(x);
    if (name == "sec") return 1 / std::cos(x);
    if (name == "csc") return 1 / std::sin(x);
    if (name == "arcsin") return std::asin(x);
    if (name == "arccos") return std::acos(x);
    if (name == "arctan") return std::atan(x);
    if (name == "sinh") return std::sinh(x);
    if (name == "cosh") return std::cosh(x);
    if (name == "tanh") return std::tanh(x);
    return kNan;
  }

  const MathPoint& point_;
  double scale_{0};
};

}  // namespace

MathValue evaluate(const MathNode& node, const MathPoint& point) {
  Evaluator evaluator(point);
  const auto value = evaluator.of(node);
  return {value, evaluator.scale()};
}

std::optional<long> whole_number(const MathNode& node) {
  if (contains(node, [](const MathNode& part) { return part.kind == Kind::symbol; })) return std::nullopt;
  const auto value = evaluate(node, {}).value;
  if (!is_whole(value) || std::abs(value.real()) > 9e15) return std::nullopt;
  return static_cast<long>(value.real());
}

bool is_constant(std::string_view symbol) {
  return symbol == "pi" || symbol == "e" || symbol == "i" || symbol == "infinity";
}

}  // namespace ipw::replay
