#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "exporter/config_parts.hpp"

namespace ipw {
namespace {

std::vector<std::string> read_channels(Options& power, std::string_view scope) {
  auto names = power.texts(scope, {"auto"});
  if (names.empty() || std::ranges::find(names, "") != names.end())
    power.fail(scope, "expected channel names as `ipw-sidecar probes` prints them, or auto");
  if (names == std::vector<std::string>{"auto"}) return {};
  if (std::ranges::find(names, "auto") != names.end())
    power.fail(scope, "`auto` stands alone: it cannot be one of several");
  return names;
}

probes::PowerChoice read_power(Options& options) {
  if (options.kind("power") != OptionsNode::Kind::map) {
    const auto choice = options.text("power", "auto");
    if (choice != "auto")
      options.fail("power", "expected auto, or a map such as {accelerator: [gpu0]}, got `" + choice + "`");
    return {};
  }
  auto power = options.child("power");
  return {read_channels(power, "accelerator"), read_channels(power, "node"), read_channels(power, "wall")};
}

TokenEnergy read_token_energy(Options& options) {
  constexpr Range<double> kJoules{0, 1e6};
  options.require("joules_per_input_token");
  options.require("joules_per_output_token");
  const TokenEnergy energy{.per_input_token = Joules{options.number("joules_per_input_token", 0, kJoules)},
                           .per_output_token = Joules{options.number("joules_per_output_token", 0, kJoules)},
                           .per_query = Joules{options.number("joules_per_query", 0, kJoules)},
                           .error = kConfiguredError};
  const bool stated = options.has("joules_per_input_token") && options.has("joules_per_output_token");
  if (stated && energy.per_input_token + energy.per_output_token + energy.per_query == Joules{0})
    options.fail("joules_per_output_token",
                 "nothing answers for 0 J: leave `estimate` out where its energy is unknown");
  return energy;
}

TokenEnergy read_served_model(Options& options) {
  for (const auto* key : {"joules_per_input_token", "joules_per_output_token", "joules_per_query"})
    if (options.has(key)) options.fail(key, "give either joules or the model's parameters, not both");
  options.require("active_parameters");
  ServedModel model;
  model.active_parameters = options.number("active_parameters", 1e6, {1e6, 1e15});
  model.parameters = options.number("parameters", model.active_parameters, {1e6, 1e15});
  if (model.parameters < model.active_parameters)
    options.fail("parameters", "a model cannot have fewer parameters than it uses for a token (`active_parameters`)");
  model.bits = options.number("bits", model.bits, {1, 64});
  model.pue = options.number("pue", model.pue, {1, 10});
  model.batch = options.number("batch", model.batch, {1, 1024});
  return {.per_input_token = {},
          .per_output_token = published_per_output_token(model),
          .per_query = {},
          .error = kPublishedError};
}

std::optional<TokenEnergy> read_estimate(Options& options) {
  if (!options.has("estimate")) return std::nullopt;
  auto estimate = options.child("estimate");
  const bool by_model = estimate.has("active_parameters") || estimate.has("parameters");
  auto energy = by_model ? read_served_model(estimate) : read_token_energy(estimate);
  energy.error = estimate.number("error", energy.error, {0, 10});
  if (options.has("idle_watts")) options.fail("idle_watts", "what is estimated by tokens has no idle power");
  return energy;
}

TargetConfig read_target(Options& options) {
  TargetConfig target;
  target.name = options.required_text("name");
  check_label(options, "name", target.name);
  read_server(options, target);
  target.accelerator = options.text("accelerator", target.accelerator);
  check_label(options, "accelerator", target.accelerator);
  target.locality = options.one_of("locality", target.locality, {"local", "cloud"});
  target.power = read_power(options);
  target.schedule = options.child("schedule");
  target.retry.attempts = static_cast<int>(options.child("retry").integer("attempts", target.retry.attempts, {1, 10}));
  target.warmup = static_cast<int>(options.integer("warmup", target.warmup, {0, 10000}));
  target.ready_timeout = options.duration("ready_timeout", target.ready_timeout, {0, 86400});
  target.politeness = read_politeness(options.child("politeness"));
  if (target.locality == "cloud" && options.has("politeness"))
    options.fail("politeness", "a cloud target is not asked for its load: remove `politeness`");
  target.retry.until_success = static_cast<int>(options.integer("attempts_until_success", 1, {1, 32}));
  target.until_success_place = options.place("attempts_until_success");
  if (options.has("budget")) {
    target.budget = read_budget(options.child("budget"), target.pricing.has_value());
    target.budget_place = options.place("budget");
  }
  if (const auto watts = options.optional_number("idle_watts", {0, 1e6})) target.idle_power = Watts{*watts};
  target.estimate = read_estimate(options);
  if (target.estimate) target.estimate_place = options.place("estimate");
  return target;
}

}  // namespace

std::vector<TargetConfig> read_targets(Options& root) {
  std::vector<TargetConfig> targets;
  if (!root.require("targets")) return targets;
  std::map<std::string, std::string> places;
  for (auto& options : root.children("targets")) {
    auto target = read_target(options);
    const auto [first, fresh] = places.emplace(target.name, options.place("name"));
    if (!fresh && !target.name.empty())
      options.fail("name", "target `" + target.name + "` was given already, at " + first->second);
    targets.push_back(std::move(target));
  }
  if (targets.empty()) root.fail("targets", "expected at least one target");
  return targets;
}

}  // namespace ipw
