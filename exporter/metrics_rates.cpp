#include "exporter/metrics_builder.hpp"

namespace ipw::metrics {
namespace {

using enum prometheus::MetricType;

void add_known(std::string_view name, const RateSnapshot& rate, const Labels& currency, const Sink& out) {
  Family value(name, "What a kilowatt hour is taken for; absent while it is not known.", Gauge);
  if (rate.per_kwh) value.add(currency, *rate.per_kwh);
  value.move_to(out);
}

}  // namespace

void add_rates(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out) {
  const auto& [carbon, electricity] = std::tie(snapshot.carbon, snapshot.electricity);
  if (!carbon && !electricity) return;
  const Labels currency = electricity ? Labels{{"currency", electricity->currency}} : Labels{};
  Family grams("ipw_query_carbon_grams_total", "Grams of CO2 equivalent of the metered queries.", Counter);
  Family cost("ipw_query_electricity_cost_total", "What the gross joules of the metered queries cost.", Counter);
  Family unknown("ipw_query_unrated_energy_joules_total",
                 "Joules of metered queries that ended while the rate was not known: not in what they emit or cost.",
                 Counter);
  Family known("ipw_energy_rate_known", "Whether the rate is known now.", Gauge);
  for (std::size_t t = 0; t < targets.size(); ++t)
    for (const auto& [energy, billed] : snapshot.targets[t].billed) {
      const auto scoped = labels(targets[t], {{"scope", to_text(energy.first)}, {"quality", to_text(energy.second)}});
      if (carbon) {
        grams.add(scoped, billed.grams);
        unknown.add(labels(scoped, {{"rate", "carbon"}}), billed.no_intensity.value);
      }
      if (electricity) {
        cost.add(labels(scoped, {{"currency", electricity->currency}}), billed.cost);
        unknown.add(labels(scoped, {{"rate", "electricity"}}), billed.no_price.value);
      }
    }
  for (auto* family : {&grams, &cost, &unknown}) family->move_to(out);
  if (carbon) add_known("ipw_carbon_intensity_grams_per_kwh", *carbon, {}, out);
  if (electricity) add_known("ipw_electricity_price_per_kwh", *electricity, currency, out);
  if (carbon) known.add({{"rate", "carbon"}}, carbon->per_kwh ? 1.0 : 0.0);
  if (electricity) known.add({{"rate", "electricity"}}, electricity->per_kwh ? 1.0 : 0.0);
  known.move_to(out);
}

}  // namespace ipw::metrics
