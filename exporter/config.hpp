#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "exporter/accounting/budget.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/accounting/token_energy.hpp"
#include "exporter/yaml.hpp"
#include "probes/topology.hpp"
#include "replay/panel_draw.hpp"
#include "replay/replayer.hpp"
#include "replay/server_watch.hpp"
#include "replay/transport.hpp"

namespace ipw {

// The initial values here are the configuration's defaults; docs/CONFIGURATION.md says what each key means.

struct ListenAddress {
  std::string host{"127.0.0.1"};  // IPv6 without brackets
  int port{9947};                 // 0: any free one
};
// HOST:PORT, an IPv6 address in brackets. Errors: invalid.
Result<ListenAddress> parse_listen(std::string_view text);

struct CorpusConfig {
  std::string name;                // the `corpus` label
  std::vector<std::string> paths;  // as they stand, or below the configuration file's folder
  std::optional<replay::PanelChoice> panel;
  std::string stratify_place;  // FILE:LINE:COLUMN, where there is a panel
};

struct TargetConfig {
  std::string name, model;
  std::string dialect{"openai"}, locality{"local"};
  replay::Url url;
  std::string url_place;            // FILE:LINE:COLUMN
  std::string accelerator{"auto"};  // or a name
  probes::PowerChoice power;
  std::string api_key;                                          // from the environment or a file; never shown
  Options schedule{Options::none()}, request{Options::none()};  // sub-trees that pacing and dialect parse
  replay::StreamTimeouts timeouts;
  replay::RetryPolicy retry;
  int warmup{0};
  Seconds ready_timeout{60};  // 0: the server need not be ready
  replay::Politeness politeness;
  std::optional<BudgetLimits> budget;
  std::string budget_place;  // FILE:LINE:COLUMN, where there is one
  std::optional<Pricing> pricing;
  std::optional<Watts> idle_power;  // of the accelerator scope, where the user knows it
  std::optional<TokenEnergy> estimate;
  std::string estimate_place;  // FILE:LINE:COLUMN, where there is one
};

struct StoreConfig {
  std::string path{"ipw.db"};
  bool keep_answers{true};
};

struct ProbesConfig {
  Seconds period{0.05};
  std::string root{"/"};
  std::vector<Options> sources;  // each source parses its own
};

// The whole configuration, checked. What belongs to a plug-in stays an Options for it to parse.
struct Config {
  ListenAddress listen;
  Seconds shutdown_grace{2};
  CorpusConfig corpus;
  std::vector<TargetConfig> targets;
  Options judges{Options::none()};
  ProbesConfig probes;
  StoreConfig store;
  std::string text;  // what was read, without comments and secrets: for /api/v1/config

  // Names every key that nobody read. Call after every plug-in has parsed its part.
  Result<void> finish() { return root.finish(); }
  Options root{Options::none()};
};

// Reads YAML. `${VAR}` is expanded from the environment. Errors: invalid, `FILE:LINE:COLUMN: message`.
Result<Config> load_config(const std::string& path);
// As load_config(), from a text that stands for the file `name`.
Result<Config> parse_config(const std::string& name, const std::string& yaml);

}  // namespace ipw
