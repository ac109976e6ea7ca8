#include <nlohmann/json.hpp>
#include <string>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/figures_json.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  return value ? Json(*value) : Json();
}

Json lower(const std::optional<Bounds>& bounds) {
  return bounds ? Json(bounds->lower) : Json();
}
Json upper(const std::optional<Bounds>& bounds) {
  return bounds ? Json(bounds->upper) : Json();
}

// A share with its bounds.
Json share(const Proportion& proportion) {
  const auto bounds = proportion.bounds();
  return {{"queries", proportion.n},
          {"share", number(proportion.value())},
          {"lower", lower(bounds)},
          {"upper", upper(bounds)}};
}

Json estimate(const std::optional<Estimate>& figure) {
  if (!figure) return {};
  return {{"value", figure->value}, {"lower", figure->bounds.lower}, {"upper", figure->bounds.upper}};
}

Json accuracy_of(const SliceAccuracy& answers) {
  const auto bounds = answers.bounds();
  return {{"judged", answers.score.n},
          {"distinct_queries", answers.distinct},
          {"accuracy", number(answers.accuracy())},
          {"accuracy_lower", lower(bounds)},
          {"accuracy_upper", upper(bounds)},
          {"unparsed_rate", number(answers.unparsed_rate())},
          {"truncated_rate", number(answers.truncated_rate())}};
}

template <class Kind, class Counts>
Json counts_of(const Counts& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) json[std::string(to_text(static_cast<Kind>(i)))] = counts[i];
  return json;
}

Json rated(Joules energy, std::optional<double> per_kwh) {
  return per_kwh ? Json(at_rate(energy, *per_kwh)) : Json();
}

Json energy_of(const PassSummary& summary, const ReportRates& rates) {
  Json rows = Json::array();
  for (const auto& [labels, metered] : summary.metered()) {
    const auto figures = efficiency(metered);
    rows.push_back({{"scope", to_text(labels.first)},
                    {"quality", to_text(labels.second)},
                    {"queries", metered.queries},
                    {"energy_j", metered.energy.value},
                    {"carbon_g", rated(metered.energy, rates.grams_per_kwh)},
                    {"electricity_cost", rated(metered.energy, rates.price_per_kwh)},
                    {"joules_per_query", number(figures.joules_per_query)},
                    {"intelligence_per_joule", number(figures.per_joule)},
                    {"intelligence_per_watt_by_query", number(figures.per_watt_by_query)},
                    {"intelligence_per_watt_by_time", number(figures.per_watt_by_time)}});
  }
  return rows;
}

Json slices_of(const TargetReport& target) {
  Json rows = Json::array();
  for (const auto& row : target.slices) {
    Json json{{"field", row.field}, {"value", row.value}};
    json.update(accuracy_of(row.answers));
    rows.push_back(json);
  }
  return rows;
}

Json judges_of(const TargetReport& target) {
  Json rows = Json::array();
  for (const auto& row : target.judges) {
    const auto raw = Proportion{static_cast<double>(row.answers.passed), row.answers.all()}.value();
    rows.push_back({{"judge", row.judge},
                    {"answers", row.answers.all()},
                    {"passed", row.answers.passed},
                    {"passed_share", number(raw)},
                    {"corrected_accuracy", estimate(row.corrected)}});
  }
  return rows;
}

// Null where no query was tried more than once: then there is only accuracy.
Json tries_of(const Tries& tries) {
  if (tries.most_tries() < 2) return {};
  Json failures = Json::object(), joules = Json::array();
  for (const auto& [count, queries] : tries.failures()) failures[std::to_string(count)] = queries;
  for (const auto& [labels, spent] : tries.joules())
    joules.push_back({{"scope", to_text(labels.first)},
                      {"quality", to_text(labels.second)},
                      {"queries", spent.queries},
                      {"mean", spent.mean},
                      {"median", number(spent.median)}});
  return {{"queries", tries.queries()},
          {"most_tries", tries.most_tries()},
          {"solved_at_once", share(tries.solved_at_once())},
          {"never_solved", share({static_cast<double>(tries.never_solved()), tries.queries()})},
          {"failures_before_success", failures},
          {"failures_mean", number(tries.mean())},
          {"failures_variance", number(tries.variance())},
          {"tail_exponent", estimate(tries.tail_exponent())},
          {"joules_to_first_success", joules}};
}

Json target_of(const TargetReport& target, const ReportRates& rates) {
  const auto& summary = target.summary;
  Json json{{"target", target.target},        {"models", target.models},         {"accelerators", target.accelerators},
            {"corpora", target.corpora},      {"cycles", target.cycles.size()},  {"queries", summary.queries()},
            {"answered", summary.answered()}, {"cancelled", summary.cancelled()}};
  json.update(accuracy_of(target.accuracy));
  json["verdicts"] = counts_of<replay::VerdictKind>(summary.verdicts());
  json["outcomes"] = counts_of<replay::Outcome>(summary.outcomes());
  json["energy"] = energy_of(summary, rates);
  json["windows"] = Json::parse(figures_json(target.windows));
  json["slices"] = slices_of(target);
  json["judges"] = judges_of(target);
  json["attempts_until_success"] = tries_of(target.tries);
  json.update(Json::parse(target_analysis_json(target)));
  return json;
}

Json judge_of(const JudgeReport& judge) {
  const auto& seen = judge.agreement;
  const auto kappa = cohen_kappa(seen);
  return {{"judge", judge.judge},
          {"verdicts", judge.verdicts},
          {"judge_errors", seen.judge_errors},
          {"compared", seen.compared()},
          {"undecided", seen.undecided},
          {"right_passed", seen.right_passed},
          {"right_failed", seen.right_failed},
          {"wrong_passed", seen.wrong_passed},
          {"wrong_failed", seen.wrong_failed},
          {"sensitivity", share(seen.sensitivity())},
          {"specificity", share(seen.specificity())},
          {"cohen_kappa", kappa ? Json(kappa->value) : Json()},
          {"cohen_kappa_standard_error", kappa ? Json(kappa->standard_error) : Json()},
          {"gwet_ac1", number(gwet_ac1(seen))}};
}

Json cost_of(const std::optional<RoutedCost>& cost) {
  if (!cost) return {};
  return {{"queries", cost->queries},
          {"routed_per_query", cost->routed},
          {"reference_per_query", cost->reference},
          {"saved_ratio", number(cost->saved())}};
}

Json routing_of(const Comparison& comparison) {
  Json rows = Json::array();
  for (const auto& [router, routed] : comparison.routing)
    rows.push_back({{"right", router.right},
                    {"misroute", router.wrong == Misroute::reference ? "reference" : "elsewhere"},
                    {"accuracy", routed.score},
                    {"reference_accuracy", routed.reference_score},
                    {"joules", cost_of(routed.joules)},
                    {"dollars", cost_of(routed.dollars)},
                    {"seconds", cost_of(routed.seconds)}});
  return rows;
}

Json coverage_of(const Comparison& comparison) {
  Json rows = Json::array();
  for (const auto& [target, coverage] : comparison.coverage) {
    Json json;
    json["target"] = target;
    json.update(share(coverage.all));
    json["subjects"] = Json::object();
    for (const auto& [subject, proportion] : coverage.by_subject)
      if (!subject.empty()) json["subjects"][subject] = share(proportion);
    rows.push_back(json);
  }
  return rows;
}

Json comparison_of(const std::optional<Comparison>& maybe) {
  if (!maybe) return {};
  const auto& comparison = *maybe;
  Json json{{"reference", comparison.reference},
            {"coverage", coverage_of(comparison)},
            {"queries", comparison.queries},
            {"order", comparison.order},
            {"ordered_by", comparison.order.empty() ? Json() : Json(comparison.ordered_by)},
            {"scope", comparison.scope ? Json(to_text(*comparison.scope)) : Json()},
            {"qualities", Json::array()}};
  for (const auto quality : comparison.qualities) json["qualities"].push_back(to_text(quality));
  json["union"] = {{"as_good", share(comparison.together.as_good)},
                   {"solved", share(comparison.together.solved)},
                   {"solved_by_chance", number(comparison.together.chance)}};
  json["difficulty"] = Json::array();
  for (std::size_t i = 0; i < comparison.difficulty.size(); ++i)
    json["difficulty"].push_back({{"target", i < comparison.order.size() ? Json(comparison.order[i]) : Json()},
                                  {"queries", comparison.difficulty[i]}});
  json["routing"] = routing_of(comparison);
  json["paired"] = Json::parse(paired_json(comparison));
  return json;
}

}  // namespace

std::string report_json(const Report& report) {
  Json json{{"journals", report.journals}, {"targets", Json::array()}, {"judges", Json::array()}};
  for (const auto& target : report.targets) json["targets"].push_back(target_of(target, report.rates));
  for (const auto& judge : report.judges) json["judges"].push_back(judge_of(judge));
  json["comparison"] = comparison_of(report.comparison);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ipw
