#include "replay/judges/math_residue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_value.hpp"
#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;
using Residue = std::optional<std::uint64_t>;

// The largest primes below 2^31 that are 1 modulo 4.
constexpr std::array<std::uint64_t, kResidueRounds> kPrimes{2147483629, 2147483549, 2147483497,
                                                            2147483489, 2147483477, 2147483353};
constexpr long kLargestFactorial = 2000;

std::optional<long> factorial_argument(const MathNode& node) {
  const auto whole = whole_number(node);
  return whole && *whole >= 0 && *whole <= kLargestFactorial ? whole : std::nullopt;
}

class Field {
 public:
  Field(std::uint64_t prime, std::uint64_t seed) : prime_(prime), seed_(seed) {}

  Residue of(const MathNode& node) const {
    switch (node.kind) {
      case Kind::number:
        return number(node.text);
      case Kind::symbol:
        return node.text == "i" ? imaginary() : 1 + hash_of(node.text, seed_) % (prime_ - 1);
      case Kind::factorial:
        return product(1, *factorial_argument(node.kids[0]));
      case Kind::binomial:
        return binomial(*factorial_argument(node.kids[0]), *factorial_argument(node.kids[1]));
      case Kind::power:
        return power(of(node.kids[0]), *whole_number(node.kids[1]));
      case Kind::negate:
        return subtract(0, of(node.kids[0]));
      case Kind::percent:
        return divide(of(node.kids[0]), 100);
      default:
        return binary(node);
    }
  }

  Residue divide(Residue a, Residue b) const {
    if (!a || !b || *b == 0) return std::nullopt;
    return *a * raised(*b, prime_ - 2) % prime_;
  }

 private:
  Residue binary(const MathNode& node) const {
    const auto a = of(node.kids[0]), b = of(node.kids[1]);
    if (!a || !b) return std::nullopt;
    if (node.kind == Kind::add) return (*a + *b) % prime_;
    if (node.kind == Kind::subtract) return subtract(a, b);
    if (node.kind == Kind::multiply) return *a * *b % prime_;
    return divide(a, b);
  }

  Residue subtract(Residue a, Residue b) const {
    if (!a || !b) return std::nullopt;
    return (*a + prime_ - *b) % prime_;
  }

  Residue number(std::string_view text) const {
    std::uint64_t value = 0;
    long exponent = 0;
    bool decimals = false;
    for (const char c : text) {
      if (c == 'e') break;
      decimals |= c == '.';
      if (!is_digit(c)) continue;
      value = (value * 10 + static_cast<std::uint64_t>(c - '0')) % prime_;
      exponent -= decimals ? 1 : 0;
    }
    if (const auto e = text.find('e'); e != std::string_view::npos)
      exponent += std::strtol(std::string(text.substr(e + 1)).c_str(), nullptr, 10);
    const auto scale = power(10, exponent);
    return value * *scale % prime_;
  }

  // A fourth root of 1 that is no square root of 1.
  std::uint64_t imaginary() const {
    for (std::uint64_t base = 2;; ++base)
      if (const auto root = raised(base, (prime_ - 1) / 4); root * root % prime_ == prime_ - 1) return root;
  }

  std::uint64_t raised(std::uint64_t base, std::uint64_t exponent) const {
    std::uint64_t result = 1;
    for (base %= prime_; exponent > 0; exponent /= 2, base = base * base % prime_)
      if (exponent % 2 == 1) result = result * base % prime_;
    return result;
  }

  Residue power(Residue base, long exponent) const {
    if (!base || (*base == 0 && exponent <= 0)) return std::nullopt;
    const auto whole = raised(*base, static_cast<std::uint64_t>(std::abs(exponent)));
    return exponent < 0 ? divide(1, whole) : whole;
  }

  std::uint64_t product(long from, long to) const {
    std::uint64_t result = 1;
    for (long factor = from; factor <= to; ++factor) result = result * static_cast<std::uint64_t>(factor) % prime_;
    return result;
  }

  Residue binomial(long all, long chosen) const {
    if (chosen > all) return 0;
    return divide(product(all - chosen + 1, all), product(1, chosen));
  }

  std::uint64_t prime_, seed_;
};

Field field(std::uint64_t round, std::uint64_t point) {
  return {kPrimes[round], nth_random(round, point)};
}

}  // namespace

bool is_rational(const MathNode& node) {
  switch (node.kind) {
    case Kind::number:
      return true;
    case Kind::symbol:
      return node.text != "infinity";
    case Kind::factorial:
      return factorial_argument(node.kids[0]).has_value();
    case Kind::binomial:
      return factorial_argument(node.kids[0]) && factorial_argument(node.kids[1]);
    case Kind::power:
      return whole_number(node.kids[1]) && is_rational(node.kids[0]);
    case Kind::add:
    case Kind::subtract:
    case Kind::multiply:
    case Kind::divide:
    case Kind::negate:
    case Kind::percent:
      return std::ranges::all_of(node.kids, is_rational);
    default:
      return false;
  }
}

Residue residue(const MathNode& node, std::uint64_t round, std::uint64_t point) {
  return field(round, point).of(node);
}

std::optional<bool> same_ratio(const MathNode& above, const MathNode& below, std::uint64_t round) {
  Residue ratios[2];
  for (std::uint64_t point = 0; point < 2; ++point) {
    const auto here = field(round, point);
    ratios[point] = here.divide(here.of(above), here.of(below));
    if (!ratios[point] || *ratios[point] == 0) return std::nullopt;
  }
  return *ratios[0] == *ratios[1];
}

}  // namespace ipw::replay
