#pragma once

#include <compare>

namespace ipw {

// Physical quantities that cannot be mixed up. Only the operators that physics has exist: W*s = J, J/s = W, J-J = J.
// A plain double enters and leaves through the constructor and `value`, so a conversion is always visible.
template <class Tag>
struct Quantity {
  double value{0};

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}
  constexpr Quantity& operator+=(Quantity b) {
    value += b.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity b) {
    value -= b.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.value - b.value}; }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity{a.value * k}; }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity{a.value * k}; }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity{a.value / k}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
};

using Joules = Quantity<struct JoulesTag>;
using Watts = Quantity<struct WattsTag>;
using Seconds = Quantity<struct SecondsTag>;

constexpr Joules operator*(Watts p, Seconds t) {
  return Joules{p.value * t.value};
}
constexpr Joules operator*(Seconds t, Watts p) {
  return p * t;
}
constexpr Watts operator/(Joules e, Seconds t) {
  return Watts{e.value / t.value};
}
constexpr Seconds operator/(Joules e, Watts p) {
  return Seconds{e.value / p.value};
}

}  // namespace ipw
