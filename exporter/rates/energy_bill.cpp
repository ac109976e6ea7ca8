#include "exporter/rates/energy_bill.hpp"

namespace ipw {
namespace {

void charge(Joules energy, std::optional<double> per_kwh, double& sum, Joules& unknown) {
  if (per_kwh)
    sum += at_rate(energy, *per_kwh);
  else
    unknown += energy;
}

}  // namespace

EnergyBill::EnergyBill(EnergyRates rates, const std::vector<std::vector<EnergyLabels>>& scopes)
    : rates_(std::move(rates)) {
  for (const auto& labels : scopes) {
    auto& target = targets_.emplace_back();
    for (const auto& scope : labels) target[scope];
  }
}

void EnergyBill::add(std::size_t target, const CompletedQuery& query, MonoTime now) {
  for (const auto& energy : query.energy) {
    if (!energy.valid) continue;
    auto& billed = targets_[target][{energy.scope, energy.quality}];
    if (rates_.carbon) charge(energy.gross, rates_.carbon->per_kwh(now), billed.grams, billed.no_intensity);
    if (rates_.electricity) charge(energy.gross, rates_.electricity->per_kwh(now), billed.cost, billed.no_price);
  }
}

}  // namespace ipw
