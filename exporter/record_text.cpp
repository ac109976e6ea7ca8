#include "exporter/record_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "exporter/accounting/client_lag.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEnergyKeys[] = {"energy_gross_j", "energy_active_j", "energy_error_j", "energy_validity",
                                       "energy_quality", "prefill_j",       "decode_j",       "power_mean_w"};
constexpr probes::Scope kOuterScopes[] = {probes::Scope::node, probes::Scope::wall};

Json value(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}
Json value(WallTime at) {
  return rfc3339(at);
}
Json value(Seconds s) {
  return s.value;
}
Json value(double number) {
  return number;
}
Json value(std::int64_t number) {
  return number;
}
template <class T>
Json value(const std::optional<T>& maybe) {
  return maybe ? value(*maybe) : Json();
}

// Whose the token counts are: where the server did not state both, and a text came, the books took 4 bytes for a token.
Json token_counts(const AttemptRecord& record) {
  if (record.usage.input_tokens && record.usage.output_tokens) return "server";
  return record.first_token_at ? Json("estimated") : Json();
}

// How many tokens the stream hid in chunks of several; negative where chunks came that were no tokens.
Json chunk_discrepancy(const AttemptRecord& record) {
  if (!record.chunks || !record.usage.output_tokens) return {};
  return *record.usage.output_tokens - *record.chunks;
}

// In the order of kEnergyKeys; all null where the scope is not metered.
Json energy_of(const AttemptRecord& record, probes::Scope scope) {
  Json json;
  const auto found = std::ranges::find(record.energy, scope, &ScopeEnergy::scope);
  if (found == record.energy.end()) {
    for (const auto* key : kEnergyKeys) json[key] = nullptr;
    return json;
  }
  // In a gap part of it was never seen: what the books could still assign is not what the query drew.
  const bool known = found->validity != Validity::gap && found->validity != Validity::reset;
  const auto number = [known](auto quantity) { return known ? Json(quantity.value) : Json(); };
  json["energy_gross_j"] = number(found->gross);
  json["energy_active_j"] = number(found->active);
  json["energy_error_j"] = number(found->sd);
  json["energy_validity"] = to_text(found->validity);
  json["energy_quality"] = to_text(found->quality);
  json["prefill_j"] = number(found->prefill);
  json["decode_j"] = number(found->decode);
  json["power_mean_w"] = number(found->mean_power);
  return json;
}

Json as_json(const AttemptRecord& record) {
  Json json = {{"id", record.id}, {"query_id", record.query_id}, {"attempt", record.attempt}, {"final", record.final}};
  json["target"] = value(record.target);
  json["model"] = value(record.model);
  json["accelerator"] = value(record.accelerator);
  json["corpus"] = value(record.corpus);
  json["subject"] = value(record.subject);
  json["language"] = value(record.language);
  json["cycle"] = record.cycle;
  json["epoch"] = record.epoch.empty() ? Json() : Json(record.epoch);
  json["outcome"] = to_text(record.outcome);
  json["verdict"] = record.verdict ? Json(to_text(*record.verdict)) : Json();
  json["score"] = value(record.score);
  json["judge"] = value(record.judge);
  json["control_verdict"] = record.control ? Json(to_text(*record.control)) : Json();
  json["reason"] = value(record.outcome_reason.empty() ? record.verdict_reason : record.outcome_reason);
  json["scheduled_at"] = value(record.scheduled_at);
  json["sent_at"] = value(record.sent_at);
  json["first_token_at"] = value(record.first_token_at);
  json["last_token_at"] = value(record.last_token_at);
  json["duration_s"] = value(record.duration);
  json["scheduled_duration_s"] = value(record.scheduled_duration);
  json["time_to_first_token_s"] = value(record.time_to_first_token);
  json["time_to_answer_s"] = value(record.time_to_answer);
  json["input_tokens"] = value(record.usage.input_tokens);
  json["cached_tokens"] = value(record.usage.cached_tokens);
  json["output_tokens"] = value(record.usage.output_tokens);
  json["reasoning_tokens"] = value(record.usage.reasoning_tokens);
  json["token_counts"] = token_counts(record);
  json["chunks"] = value(record.chunks);
  json["chunk_discrepancy"] = chunk_discrepancy(record);
  json["server_load_s"] = value(record.server.load);
  json["server_queue_s"] = value(record.server.queue);
  json["server_prefill_s"] = value(record.server.prefill);
  json["server_decode_s"] = value(record.server.decode);
  json["server_total_s"] = value(record.server.total);
  json["server_running"] = value(record.load.running);
  json["server_waiting"] = value(record.load.waiting);
  json["foreign_running"] = value(record.load.foreign);
  json["client_lag_s"] = value(record.client_lag);
  json["client_saturated"] = record.client_lag ? Json(*record.client_lag > ClientLag::kDistorting) : Json();
  json.update(energy_of(record, probes::Scope::accelerator));
  json["scopes"] = Json::object();
  for (const auto scope : kOuterScopes)
    if (std::ranges::find(record.energy, scope, &ScopeEnergy::scope) != record.energy.end())
      json["scopes"][std::string(to_text(scope))] = energy_of(record, scope);
  json["concurrency"] = value(record.concurrency);
  json["cost_usd"] = value(record.cost_usd);
  json["slices"] = nullptr;
  for (const auto& [name, text] : record.slices) json["slices"][name] = text;
  json["answer"] = value(record.answer);
  return json;
}

// Every column, in order: the keys of the record, those of the scopes in the place of `scopes`.
template <class Each>
void for_each_column(const AttemptRecord& record, Each each) {
  const auto json = as_json(record);
  for (const auto& [key, field] : json.items()) {
    if (key != "scopes") {
      each(key, field);
      continue;
    }
    for (const auto scope : kOuterScopes) {
      const auto energy = energy_of(record, scope);
      for (const auto& [name, number] : energy.items()) each(std::string(to_text(scope)) + "_" + name, number);
    }
  }
}

std::string field_text(const Json& field) {
  if (field.is_null() || (field.is_number_float() && !std::isfinite(field.get<double>()))) return {};
  if (!field.is_string() && !field.is_object()) return field.dump();
  auto text = field.is_string() ? valid_utf8(field.get<std::string>())
                                : field.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::string to_json(const AttemptRecord& record) {
  return as_json(record).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string csv_header() {
  std::string header;
  for_each_column({}, [&](const std::string& name, const Json&) { header += (header.empty() ? "" : ",") + name; });
  return header;
}

std::string to_csv(const AttemptRecord& record) {
  std::string line;
  bool first = true;
  for_each_column(record, [&](const std::string&, const Json& field) {
    line += (first ? "" : ",") + field_text(field);
    first = false;
  });
  return line;
}

}  // namespace ipw
