#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporter/analysis/density.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/statistics/quantile.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  return value ? Json(*value) : Json();
}

Json estimate(const std::optional<Estimate>& known) {
  if (!known) return {};
  return {{"value", known->value}, {"lower", known->bounds.lower}, {"upper", known->bounds.upper}};
}

void add_fits(Json& rows, const FitSums& fits, const EnergyLabels* labels) {
  for (std::size_t y = 0; y < kFitY; ++y)
    for (std::size_t x = 0; x < kFitX; ++x) {
      const auto line = fits[y][x].fit();
      if (!line) continue;
      const auto published = published_name(static_cast<FitX>(x), static_cast<FitY>(y));
      rows.push_back({{"y", to_text(static_cast<FitY>(y))},
                      {"x", to_text(static_cast<FitX>(x))},
                      {"scope", labels ? Json(to_text(labels->first)) : Json()},
                      {"quality", labels ? Json(to_text(labels->second)) : Json()},
                      {"n", line->n},
                      {"intercept", line->intercept},
                      {"intercept_standard_error", line->intercept_error},
                      {"slope", line->slope},
                      {"slope_standard_error", line->slope_error},
                      {"r2", number(line->r2)},
                      {"mean_y", line->mean_y},
                      {"published_name", published.empty() ? Json() : Json(published)}});
    }
}

Json distribution(const char* name, Values values, const EnergyLabels* labels = nullptr) {
  std::ranges::sort(values);
  const std::vector<double> all(values.begin(), values.end());
  Json json{{"of", name},
            {"scope", labels ? Json(to_text(labels->first)) : Json()},
            {"quality", labels ? Json(to_text(labels->second)) : Json()},
            {"n", all.size()},
            {"median", number(quantile(all, 0.5))},
            {"p95", number(quantile(all, 0.95))},
            {"p99", number(quantile(all, 0.99))}};
  const auto bins = bins_of(values);
  json["bins"] = bins ? Json{{"lower", bins->lower}, {"width", bins->width}, {"counts", bins->counts}} : Json();
  return json;
}

Json distributions_of(const QueryFigures& figures) {
  Json rows = Json::array();
  rows.push_back(distribution("time_to_first_token", figures.first_tokens()));
  rows.push_back(distribution("latency", figures.latencies()));
  auto tokens = distribution("output_tokens", figures.output_tokens());
  auto sorted = figures.output_tokens();
  std::ranges::sort(sorted);
  const auto curve = density_of(sorted);
  tokens["density"] = curve ? Json{{"kernel", "gaussian"},
                                   {"bandwidth", curve->bandwidth},
                                   {"lower", curve->lower},
                                   {"step", curve->step},
                                   {"density", curve->density}}
                            : Json();
  rows.push_back(tokens);
  for (const auto& [labels, drawn_there] : figures.scopes()) {
    rows.push_back(distribution("energy", drawn_there.joules, &labels));
    rows.push_back(distribution("power", drawn_there.watts, &labels));
  }
  return rows;
}

Json published_of(const PublishedFigures& figures) {
  return {{"accuracy", number(figures.accuracy())},
          {"queries", figures.queries()},
          {"unscored", figures.unscored()},
          {"imputed_energies", figures.imputed()},
          {"analyze_intelligence_per_joule", number(figures.per_joule_analyze())},
          {"analyze_intelligence_per_watt", number(figures.per_watt_analyze())},
          {"run_intelligence_per_joule", number(figures.per_joule_run())},
          {"run_intelligence_per_watt", number(figures.per_watt_run())}};
}

Json failures_of(const TargetReport& target) {
  Json json{{"queries", target.failures.all()}, {"reasons", Json::array()}, {"newest", Json::array()}};
  for (const auto& [failure, n] : target.failures.counts())
    json["reasons"].push_back({{"what", failure.first}, {"reason", failure.second}, {"queries", n}});
  for (const auto& failure : target.failures.newest())
    json["newest"].push_back({{"id", failure.id},
                              {"query_id", failure.query_id},
                              {"ended_at", target.imported ? Json() : Json(rfc3339(failure.at))},
                              {"what", failure.what},
                              {"reason", failure.reason}});
  return json;
}

Json change_of(const PairedChange& change) {
  return {{"queries", change.queries},
          {"gained", change.gained},
          {"lost", change.lost},
          {"both", change.both},
          {"neither", change.neither},
          {"accuracy_difference", estimate(change.accuracy)},
          {"metered", change.metered},
          {"energy_ratio", estimate(change.energy)},
          {"duration_ratio", estimate(change.duration)}};
}

Json moved_of(const std::vector<MovedQuery>& queries) {
  Json rows = Json::array();
  for (const auto& query : queries)
    rows.push_back({{"query_id", query.id},
                    {"subject", query.subject},
                    {"score", query.score},
                    {"reference_score", query.reference_score},
                    {"energy_j", number(query.joules)},
                    {"reference_energy_j", number(query.reference_joules)}});
  return rows;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string target_analysis_json(const TargetReport& target) {
  Json json{{"imported", target.imported}, {"fits", Json::array()}};
  add_fits(json["fits"], target.figures.fits(), nullptr);
  for (const auto& [labels, figures] : target.figures.scopes()) add_fits(json["fits"], figures.fits, &labels);
  json["distributions"] = distributions_of(target.figures);
  json["published_formulas"] = published_of(target.published);
  json["failures"] = failures_of(target);
  json["epochs"] = Json::array();
  for (const auto& epoch : target.epochs)
    json["epochs"].push_back({{"digest", epoch.digest}, {"since", rfc3339(epoch.since)}, {"facts", epoch.facts}});
  return text_of(json);
}

std::string paired_json(const Comparison& comparison) {
  Json rows = Json::array();
  for (const auto& paired : comparison.paired) {
    Json row{{"target", paired.target}, {"scope", to_text(paired.scope)}};
    row.update(change_of(paired.all));
    row["subjects"] = Json::object();
    for (const auto& [subject, change] : paired.subjects) row["subjects"][subject] = change_of(change);
    row["newly_solved"] = moved_of(paired.gained);
    row["newly_unsolved"] = moved_of(paired.lost);
    row["dearer"] = moved_of(paired.dearer);
    row["cheaper"] = moved_of(paired.cheaper);
    rows.push_back(row);
  }
  return text_of(rows);
}

}  // namespace ipw
