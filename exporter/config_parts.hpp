#pragma once

#include <string>
#include <vector>

#include "base/options.hpp"
#include "exporter/config.hpp"

namespace ipw {

// How parse_config() reads its parts. What is wrong is recorded in the options.
std::vector<TargetConfig> read_targets(Options& root);
// What a target and the judging model have in common: url, dialect, model, keys, request, timeouts, pricing.
void read_server(Options& options, ServerConfig& server);
// The target's maps `politeness` and `budget`. `priced`: whether the target says what tokens cost.
replay::Politeness read_politeness(Options options);
BudgetLimits read_budget(Options options, bool priced);
RegressionOptions read_regression(Options options);
// The maps `carbon` and `electricity`, where they are given.
std::optional<RateConfig> read_carbon(Options& root);
std::optional<RateConfig> read_electricity(Options& root);
// For what becomes a label's value: 1 to 128 bytes of printable UTF-8.
void check_label(Options& options, std::string_view key, const std::string& value);

}  // namespace ipw
