#include "exporter/rates/energy_rate.hpp"

namespace ipw {

void EnergyRate::tell(double per_kwh, MonoTime at) {
  told_.with([&](std::optional<Told>& told) { told = Told{per_kwh, at}; });
}

std::optional<double> EnergyRate::per_kwh(MonoTime now) const {
  const auto told = told_.with([](const std::optional<Told>& value) { return value; });
  if (!told || (keep_ && between(told->at, now) > *keep_)) return std::nullopt;
  return told->per_kwh;
}

}  // namespace ipw
