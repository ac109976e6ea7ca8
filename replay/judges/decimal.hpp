#pragma once

#include <string>
#include <string_view>

namespace ipw::replay {

// A decimal number of any size, exactly: `digits` times ten to `exponent`, without zeros at either end; zero has none.
struct Decimal {
  bool negative{false};
  std::string digits;
  long exponent{0};

  // REQUIRES: both parts are ASCII digits; either may be empty.
  static Decimal of(std::string_view whole, std::string_view fraction, long exponent = 0);

  Decimal shifted(long powers_of_ten) const;
  bool is_integer() const { return digits.empty() || exponent >= 0; }
  // The nearest double; infinite where it is too large for one.
  double approximate() const;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

}  // namespace ipw::replay
