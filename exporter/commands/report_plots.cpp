#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "exporter/analysis/density.hpp"
#include "exporter/commands/report_html.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

// Five digits: what a plot can show, in a third of the bytes.
Json shortened_number(double value) {
  if (!std::isfinite(value)) return {};
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return std::strtod(text, nullptr);
}

Json number(const std::optional<double>& value) {
  return value ? shortened_number(*value) : Json();
}

Json line_of(const LineSums& sums) {
  const auto line = sums.fit();
  if (!line) return {};
  return {
      {"n", line->n},           {"a", shortened_number(line->intercept)},   {"b", shortened_number(line->slope)},
      {"r2", number(line->r2)}, {"from", shortened_number(line->lowest_x)}, {"to", shortened_number(line->highest_x)}};
}

Json lines_of(const FitSums& sums, std::initializer_list<FitY> quantities) {
  Json json = Json::object();
  for (const auto y : quantities)
    for (std::size_t x = 0; x < kFitX; ++x)
      json[std::string(to_text(y))][std::string(to_text(static_cast<FitX>(x)))] =
          line_of(sums[static_cast<std::size_t>(y)][x]);
  return json;
}

Json points_of(const TargetReport& target, std::size_t scope, bool linked) {
  Json x = Json::array(), input = x, output = x, first = x, latency = x, joules = x, watts = x, right = x, query = x,
       id = x;
  for (const auto& point : target.figures.points().points()) {
    input.push_back(number(point.input_tokens));
    output.push_back(number(point.output_tokens));
    first.push_back(number(point.time_to_first_token));
    latency.push_back(number(point.latency));
    joules.push_back(number(point.joules[scope]));
    watts.push_back(number(point.watts[scope]));
    right.push_back(point.right ? Json(*point.right) : Json());
    query.push_back(shortened(valid_utf8(point.query_id), 80));
    if (linked) id.push_back(point.id);
  }
  return {{"input", input},     {"output", output}, {"time_to_first_token", first},
          {"latency", latency}, {"energy", joules}, {"power", watts},
          {"right", right},     {"query", query},   {"id", id}};
}

Json bins_json(Values values) {
  std::ranges::sort(values);
  const auto bins = bins_of(values);
  if (!bins) return {};
  return {{"lower", shortened_number(bins->lower)}, {"width", bins->width}, {"counts", bins->counts}};
}

Json density_json(Values values) {
  std::ranges::sort(values);
  const auto curve = density_of(values);
  if (!curve) return {};
  Json json{{"n", curve->n},
            {"bandwidth", shortened_number(curve->bandwidth)},
            {"lower", shortened_number(curve->lower)},
            {"step", curve->step}};
  json["density"] = Json::array();
  for (const double value : curve->density) json["density"].push_back(shortened_number(value));
  return json;
}

Json power_of(const PowerOverTime& power) {
  Json json{{"step", power.step().value}, {"begin", Json::array()}, {"watts", Json::array()}};
  for (const auto& step : power.steps()) {
    json["begin"].push_back(step.begin);
    json["watts"].push_back(shortened_number(step.power.value));
  }
  return json;
}

Json target_of(const TargetReport& target, bool linked) {
  const auto& figures = target.figures;
  const auto scope = figures.scopes().begin();  // the narrowest
  const bool metered = scope != figures.scopes().end();
  Json json{{"name", valid_utf8(target.target)}, {"seen", figures.points().seen()}};
  json["points"] = points_of(target, metered ? static_cast<std::size_t>(scope->first.first) : 0, linked);
  json["lines"] = lines_of(figures.fits(), {FitY::time_to_first_token, FitY::latency});
  json["bins"] = {{"time_to_first_token", bins_json(figures.first_tokens())},
                  {"latency", bins_json(figures.latencies())},
                  {"output_tokens", bins_json(figures.output_tokens())}};
  json["density"] = density_json(figures.output_tokens());
  json["power"] = Json();
  if (!metered) return json;
  const auto& [labels, drawn_there] = *scope;
  json["scope"] = to_text(labels.first);
  json["quality"] = to_text(labels.second);
  json["lines"].update(lines_of(drawn_there.fits, {FitY::energy, FitY::power, FitY::log_power}));
  json["bins"]["energy"] = bins_json(drawn_there.joules);
  json["bins"]["power"] = bins_json(drawn_there.watts);
  if (!target.imported) json["power"] = power_of(drawn_there.power);
  return json;
}

}  // namespace

std::string report_plots_json(const Report& report, const std::string& sidecar) {
  Json json{{"sidecar", sidecar}, {"targets", Json::array()}};
  for (const auto& target : report.targets)
    if (target.figures.points().seen() > 0) json["targets"].push_back(target_of(target, !sidecar.empty()));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ipw
