#pragma once

#include <optional>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw {

// What a kilowatt hour emits or costs: fixed, or told now and then and believed for a time. Thread-safe.
class EnergyRate {
 public:
  explicit EnergyRate(double per_kwh) : told_(Told{per_kwh, {}}) {}
  // Unknown until it is told, and again `keep` after it was told last.
  explicit EnergyRate(Seconds keep) : keep_(keep), told_(std::nullopt) {}

  void tell(double per_kwh, MonoTime at);
  std::optional<double> per_kwh(MonoTime now) const;

 private:
  struct Told {
    double per_kwh;
    MonoTime at;
  };
  std::optional<Seconds> keep_;
  Guarded<std::optional<Told>> told_;
};

// Joules at so much a kilowatt hour.
constexpr double at_rate(Joules energy, double per_kwh) {
  constexpr double kJoulesPerKwh = 3.6e6;
  return energy.value / kJoulesPerKwh * per_kwh;
}

}  // namespace ipw
