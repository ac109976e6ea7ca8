#include "exporter/figures_json.hpp"

#include <nlohmann/json.hpp>

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

Json bounded(const std::optional<Estimate>& figure) {
  if (!figure) return nullptr;
  return {{"value", figure->value}, {"lower", figure->bounds.lower}, {"upper", figure->bounds.upper}};
}

Json energy_of(const FigureSet& figures) {
  Json rows = Json::array();
  for (const auto& [labels, energy] : figures.energy)
    rows.push_back({{"scope", to_text(labels.first)},
                    {"quality", to_text(labels.second)},
                    {"metered_queries", energy.queries},
                    {"joules_per_query", bounded(energy.joules_per_query)},
                    {"intelligence_per_joule", bounded(energy.per_joule)},
                    {"intelligence_per_watt_query", bounded(energy.per_watt_by_query)},
                    {"intelligence_per_watt_time", bounded(energy.per_watt_by_time)}});
  return rows;
}

void add_figures(Json& json, const FigureSet& figures) {
  json["queries"] = figures.queries;
  json["score"] = figures.score;
  json["accuracy"] = bounded(figures.accuracy);
  json["energy"] = energy_of(figures);
}

}  // namespace

std::string figures_json(std::span<const WindowFigures> windows) {
  Json all = Json::array();
  for (const auto& window : windows) {
    Json json{{"window", window.window}};
    add_figures(json, window.all);
    json["slices"] = Json::array();
    for (const auto& slice : window.slices) {
      Json row{{"subject", slice.subject}, {"language", slice.language}};
      add_figures(row, slice.figures);
      json["slices"].push_back(std::move(row));
    }
    all.push_back(std::move(json));
  }
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ipw
