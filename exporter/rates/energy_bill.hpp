#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/accounting/completed_query.hpp"
#include "exporter/rates/energy_rate.hpp"

namespace ipw {

// What metered queries have emitted and cost, each at the rate of the moment at which it was completed.
struct BilledEnergy {
  double grams{0}, cost{0};
  Joules no_intensity{0}, no_price{0};  // of queries that were completed while the rate was not known: in neither
};

// The rates of a configuration; null where there is none.
struct EnergyRates {
  std::shared_ptr<const EnergyRate> carbon;       // grams of CO2 equivalent
  std::shared_ptr<const EnergyRate> electricity;  // in `currency`
  std::string currency;
};

// Counters that only rise, of all targets. Owned by the accountant; one thread.
class EnergyBill {
 public:
  using EnergyLabels = std::pair<probes::Scope, probes::Quality>;
  using ByScope = std::map<EnergyLabels, BilledEnergy>;
  // `scopes`: by target, those that are there from the start, at 0.
  EnergyBill(EnergyRates rates, const std::vector<std::vector<EnergyLabels>>& scopes);

  void add(std::size_t target, const CompletedQuery& query, MonoTime now);
  const ByScope& of(std::size_t target) const { return targets_[target]; }
  const EnergyRates& rates() const { return rates_; }

 private:
  EnergyRates rates_;
  std::vector<ByScope> targets_;
};

}  // namespace ipw
