#include "exporter/web/status_json.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "exporter/accounting/statistics.hpp"
#include "exporter/figures_json.hpp"
#include "exporter/web/regression_json.hpp"

namespace ipw::web {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  return value ? Json(*value) : Json(nullptr);
}
Json time(std::optional<WallTime> at) {
  return at ? Json(rfc3339(*at)) : Json(nullptr);
}

// {"NAME": count} over an enum's values, in its order.
template <class Kind, class Counts>
Json by_name(const Counts& counts) {
  Json out = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) out[std::string(to_text(static_cast<Kind>(i)))] = counts[i];
  return out;
}

Json accuracy(const VerdictCounts& verdicts) {
  const auto n = static_cast<double>(verdicts.all());
  if (n == 0) return nullptr;
  const auto bounds = wilson(verdicts.score, n);
  return {{"value", verdicts.score / n}, {"lower", bounds.lower}, {"upper", bounds.upper}, {"n", verdicts.all()}};
}

Json energy(const EnergyLabels& labels, const TargetEnergy& energy) {
  const auto metered = all_metered(energy);
  const auto figures = efficiency(metered);
  return {{"scope", to_text(labels.first)},
          {"quality", to_text(labels.second)},
          {"metered_queries", metered.queries},
          {"metered_score", metered.score},
          {"energy_j", metered.energy.value},
          {"active_j", energy.active.value},
          {"prefill_j", energy.prefill.value},
          {"decode_j", energy.decode.value},
          {"busy_s", metered.seconds.value},
          {"joules_per_query", number(figures.joules_per_query)},
          {"intelligence_per_joule", number(figures.per_joule)},
          {"intelligence_per_watt_query", number(figures.per_watt_by_query)},
          {"intelligence_per_watt_time", number(figures.per_watt_by_time)}};
}

Json failure(const AttemptRecord& record) {
  return {{"id", record.id},
          {"query_id", record.query_id},
          {"attempt", record.attempt},
          {"outcome", replay::to_text(record.outcome)},
          {"reason", record.outcome_reason},
          {"ended_at", rfc3339(record.ended_at)}};
}

Json identity(const TargetInfo& info) {
  return {{"target", info.name}, {"model", info.model},     {"accelerator", info.accelerator}, {"corpus", info.corpus},
          {"url", info.url},     {"dialect", info.dialect}, {"locality", info.locality},       {"demo", info.demo}};
}

Json latency(const TargetSnapshot& target) {
  const auto per_token = mean(target.per_output_token);
  return {{"duration_s", number(mean(target.duration))},
          {"scheduled_duration_s", number(mean(target.scheduled_duration))},
          {"time_to_first_token_s", number(mean(target.first_token))},
          {"time_to_answer_s", number(mean(target.first_answer))},
          {"tokens_per_second", number(per_token ? ratio(1, *per_token) : std::nullopt)}};
}

Json count(std::optional<std::int64_t> value) {
  return value ? Json(*value) : Json(nullptr);
}

Json politeness(const TargetSnapshot& target) {
  return {{"paused", target.paused ? Json(to_text(*target.paused)) : Json(nullptr)},
          {"paused_because", target.paused ? Json(target.paused_why) : Json(nullptr)},
          {"server_running", count(target.server_running)},
          {"foreign_input_tokens", number(target.foreign ? std::optional(target.foreign->input) : std::nullopt)},
          {"foreign_output_tokens", number(target.foreign ? std::optional(target.foreign->output) : std::nullopt)},
          {"server_waiting", count(target.server_waiting)},
          {"budget_remaining", target.budget_remaining}};
}

Json target_state(const TargetSnapshot& target) {
  const auto verdicts = all_verdicts(target);
  Json out = identity(target.info);
  out.update({{"up", target.up},
              {"in_flight", target.in_flight},
              {"cycle", target.cycle},
              {"cycle_done", target.cycle_done},
              {"cycle_queries", target.info.replayed.queries()},
              {"corpus_digest", target.info.replayed.digest},
              {"last_query_at", time(target.last_query)},
              {"queries", by_name<replay::Outcome>(target.queries)},
              {"attempts", by_name<replay::Outcome>(target.attempts)},
              {"verdicts", by_name<replay::VerdictKind>(verdicts.by_kind)},
              {"score", verdicts.score},
              {"judgements_pending", target.judgements_pending},
              {"accuracy", accuracy(verdicts)},
              {"mean", latency(target)},
              {"concurrency", number(mean(target.concurrency))},
              {"cost_usd", number(target.cost_usd)}});
  out.update(politeness(target));
  out["tokens"] = {{"input", target.tokens.input},
                   {"cached", target.tokens.cached},
                   {"reasoning", target.tokens.reasoning},
                   {"output", target.tokens.output}};
  out["energy"] = Json::array();
  for (const auto& [labels, spent] : target.energy) out["energy"].push_back(energy(labels, spent));
  out["regression"] = target.regression ? Json::parse(regression_json(*target.regression)) : Json();
  for (const auto& [labels, spent] : target.billed)
    out["billed"].push_back({{"scope", to_text(labels.first)},
                             {"quality", to_text(labels.second)},
                             {"carbon_g", spent.grams},
                             {"electricity_cost", spent.cost},
                             {"energy_without_intensity_j", spent.no_intensity.value},
                             {"energy_without_price_j", spent.no_price.value}});
  if (target.windows) out["windows"] = Json::parse(figures_json(*target.windows));
  out["recent_failures"] = Json::array();
  for (const auto& record : target.recent_failures) out["recent_failures"].push_back(failure(record));
  return out;
}

Json idle_origin(const SplitState& split) {
  if (!split.idle_floor) return nullptr;
  return split.floor_configured ? "configured" : "learned";
}

Json attribution(const SplitState& split) {
  Json weights = Json::object(), errors = Json::object();
  for (std::size_t i = 0; i < kWorkKinds; ++i) {
    const std::string kind(to_text(static_cast<WorkKind>(i)));
    weights[kind] = split.weights[i];
    errors[kind] = split.errors[i];
  }
  return {{"strategy", to_text(split.strategy)},
          {"origin", to_text(split.origin)},
          {"weights", weights},
          {"standard_errors", errors}};
}

Json book_state(const BookSnapshot& book) {
  Json shares = Json::object();
  for (std::size_t i = 0; i < kShares; ++i) shares[std::string(to_text(static_cast<Share>(i)))] = book.shares[i].value;
  return {{"device", book.device},
          {"device_name", book.device_name},
          {"scope", to_text(book.scope)},
          {"quality", to_text(book.quality)},
          {"metered_j", book.metered.value},
          {"shares_j", shares},
          {"lag_s", book.lag.value},
          {"idle_power_w", number(book.split.idle_floor ? std::optional(book.split.idle_floor->value) : std::nullopt)},
          {"idle_power_origin", idle_origin(book.split)},
          {"attribution", attribution(book.split)},
          {"channels", book.channels}};
}

Json channel_state(const ChannelSnapshot& channel) {
  const auto value = [](const auto& quantity) {
    return number(quantity ? std::optional(quantity->value) : std::nullopt);
  };
  return {{"source", channel.source},
          {"channel", channel.channel},
          {"device", channel.device},
          {"quality", to_text(channel.quality)},
          {"up", channel.up},
          {"reason", channel.reason},
          {"power_w", value(channel.power)},
          {"energy_j", channel.energy.value},
          {"update_period_s", value(channel.update_period)},
          {"crosscheck", number(channel.crosscheck)},
          {"events", by_name<probes::MeterEvent>(channel.events)},
          {"read_errors", channel.read_errors}};
}

Json device_state(const DeviceSnapshot& device) {
  const auto& now = device.now;
  return {{"device", now.device},
          {"device_name", device.name},
          {"driver", now.driver},
          {"partition", now.partition},
          {"power_cap_w", number(now.power_cap ? std::optional(now.power_cap->value) : std::nullopt)},
          {"clock_hz", number(now.clock_hertz)},
          {"clock_cap_hz", number(now.clock_cap_hertz)},
          {"throttled_by", now.throttled_by}};
}

Json sampler_state(const SamplerSnapshot& sampler) {
  return {{"source", sampler.source},
          {"reads", sampler.reads},
          {"missed_ticks", sampler.missed_ticks},
          {"read_s", sampler.read_time.value},
          {"cpu_s", sampler.cpu_time.value}};
}

Json process_state(const ProcessSnapshot& process) {
  return {{"cpu_s", process.cpu_seconds},
          {"resident_bytes", process.resident_bytes},
          {"virtual_bytes", process.virtual_bytes},
          {"open_fds", process.open_fds},
          {"max_fds", process.max_fds},
          {"start_time", process.start_time},
          {"sampler_missed_ticks", process.sampler_missed_ticks}};
}

// Error messages of servers may be in any encoding.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string status_json(const Snapshot& snapshot, const ServiceState& service) {
  Json out = {{"at", rfc3339(snapshot.at)}, {"ready", service.ready}};
  out["demo"] = service.demo_notice.empty() ? Json(nullptr) : Json(service.demo_notice);
  for (const char* name : {"targets", "books", "channels", "devices", "samplers"}) out[name] = Json::array();
  for (const auto& target : snapshot.targets) out["targets"].push_back(target_state(target));
  for (const auto& book : snapshot.books) out["books"].push_back(book_state(book));
  for (const auto& channel : snapshot.channels) out["channels"].push_back(channel_state(channel));
  for (const auto& device : snapshot.devices) out["devices"].push_back(device_state(device));
  for (const auto& sampler : snapshot.samplers) out["samplers"].push_back(sampler_state(sampler));
  if (snapshot.carbon) out["carbon_g_per_kwh"] = number(snapshot.carbon->per_kwh);
  if (snapshot.electricity)
    out["electricity"] = {{"price_per_kwh", number(snapshot.electricity->per_kwh)},
                          {"currency", snapshot.electricity->currency}};
  out["process"] = process_state(snapshot.process);
  return text_of(out);
}

std::string targets_json(const Snapshot& snapshot) {
  Json out = {{"targets", Json::array()}};
  for (const auto& target : snapshot.targets) {
    Json one = identity(target.info);
    one.update({{"up", target.up}, {"last_query_at", time(target.last_query)}});
    one["scopes"] = Json::array();
    for (const auto& [labels, spent] : target.energy)
      one["scopes"].push_back({{"scope", to_text(labels.first)}, {"quality", to_text(labels.second)}});
    out["targets"].push_back(std::move(one));
  }
  return text_of(out);
}

}  // namespace ipw::web
