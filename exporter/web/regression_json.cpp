#include "exporter/web/regression_json.hpp"

#include <nlohmann/json.hpp>

namespace ipw::web {
namespace {

using Json = nlohmann::ordered_json;

Json change(const std::optional<Change>& change) {
  if (!change) return nullptr;
  return {{"value", change->value}, {"lower", change->bounds.lower}, {"upper", change->bounds.upper}};
}

Json moved(const TestResult& test) {
  Json queries = Json::array(), subjects = Json::array();
  for (const auto& item : test.items)
    queries.push_back({{"query_id", item.query_id},
                       {"subject", item.subject},
                       {"baseline", item.baseline},
                       {"current", item.current},
                       {"queries", item.queries}});
  for (const auto& subject : test.subjects)
    subjects.push_back({{"subject", subject.subject}, {"part", subject.part}, {"items", subject.items}});
  return {{"queries", queries}, {"subjects", subjects}};
}

Json test_json(const TestResult& test) {
  Json out = {{"quantity", to_text(test.tested.quantity)},
              {"decision", to_text(test.decision)},
              {"log_e_value", test.log_e_value},
              {"log_threshold", test.log_threshold},
              {"ratio", change(test.ratio)},
              {"points", change(test.points)},
              {"queries", test.queries},
              {"queries_to_alarm", test.queries_to_alarm ? Json(*test.queries_to_alarm) : Json()},
              {"since", test.since ? Json(rfc3339(*test.since)) : Json()},
              {"alarms", test.alarms},
              {"no_worse", test.no_worse},
              {"moved", moved(test)}};
  out["scope"] = test.tested.metered ? Json(to_text(test.tested.metered->scope)) : Json();
  out["quality"] = test.tested.metered ? Json(to_text(test.tested.metered->quality)) : Json();
  return out;
}

Json baseline_json(const TargetRegression& shown) {
  if (!shown.baseline) return nullptr;
  const auto& entry = *shown.baseline;
  return {{"epoch", entry.epoch},           {"origin", to_text(entry.origin)}, {"first_cycle", entry.first_cycle},
          {"last_cycle", entry.last_cycle}, {"since", rfc3339(entry.since)},   {"items", shown.baseline_items},
          {"cycles", shown.baseline_cycles}};
}

}  // namespace

std::string regression_json(const TargetRegression& shown) {
  Json out = {{"decision", to_text(shown.decision)},
              {"why", shown.why.empty() ? Json() : Json(shown.why)},
              {"epoch",
               {{"digest", shown.epoch.digest},
                {"since", rfc3339(shown.epoch.since)},
                {"facts", shown.epoch.facts},
                {"changed", shown.changed.empty() ? Json() : Json(shown.changed)}}},
              {"baseline", baseline_json(shown)},
              {"compared", shown.state.compared},
              {"passed_over", shown.state.passed_over}};
  out["tests"] = Json::array();
  for (const auto& test : shown.state.tests) out["tests"].push_back(test_json(test));
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ipw::web
