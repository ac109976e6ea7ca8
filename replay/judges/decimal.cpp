#include "replay/judges/decimal.hpp"

#include <cstdlib>

namespace ipw::replay {

Decimal Decimal::of(std::string_view whole, std::string_view fraction, long exponent) {
  Decimal number;
  number.digits.append(whole).append(fraction);
  number.exponent = exponent - static_cast<long>(fraction.size());
  const auto last = number.digits.find_last_not_of('0');
  if (last == std::string::npos) return {};
  number.exponent += static_cast<long>(number.digits.size() - last - 1);
  number.digits.erase(last + 1);
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return number;
}

Decimal Decimal::shifted(long powers_of_ten) const {
  auto number = *this;
  if (!digits.empty()) number.exponent += powers_of_ten;
  return number;
}

double Decimal::approximate() const {
  if (digits.empty()) return 0;
  const auto text = (negative ? "-" : "") + digits + "e" + std::to_string(exponent);
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace ipw::replay
