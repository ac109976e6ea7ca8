#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "replay/judges/decimal.hpp"
#include "replay/judges/number_script.hpp"

namespace ipw::replay {

// A number as it stands in a text.
struct Number {
  Decimal value;
  std::optional<Decimal> divisor;  // of a fraction
  long scale{0};                   // of its unit, in powers of ten: -2 for %, 6 for million; not part of `value`
};

struct FoundNumber {
  Number number;
  std::size_t begin, end;  // of its text, with sign and unit
};

// The first number at or after `from`: digits with separators, sign, decimals, powers of ten (1.5e3, 1.5 × 10^3),
// fractions (3/4, 1 3/4, \frac{3}{4}), per cent, thousand to trillion. Parts of names (B12, x_1), exponents (cm^2) are
// none. REQUIRES: with_ascii_numbers().
std::optional<FoundNumber> find_number(std::string_view text, std::size_t from, Notation notation);

// The last number of the last line that has one.
std::optional<FoundNumber> last_number(std::string_view text, Notation notation);

// A whole text that is a number and nothing else but currency and punctuation.
std::optional<Number> parse_number_text(std::string_view text, Notation notation);
inline bool is_number(std::string_view text) {
  return parse_number_text(text, {}).has_value();
}

// Equal as quantities: integers and decimals exactly, or within 1e-9 of the larger where one of them has decimals or is
// a fraction; `tolerance` widens that, for all. A unit's scale may be read or not: 25 % is 25 and is 0.25.
bool same_number(const Number& a, const Number& b, double tolerance);

}  // namespace ipw::replay
