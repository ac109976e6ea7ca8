#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "exporter/accounting/book_model.hpp"
#include "exporter/accounting/budget.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/accounting/token_energy.hpp"
#include "exporter/regression/target_watch.hpp"
#include "exporter/yaml.hpp"
#include "probes/http_endpoint.hpp"
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
  std::vector<std::string> slices;  // other fields of its lines
  std::string stratify_place;       // FILE:LINE:COLUMN, where there is a panel
};

// A model and how to reach it.
struct ServerConfig {
  std::string model;
  std::string dialect{"openai"};
  replay::Url url;
  std::string url_place;             // FILE:LINE:COLUMN
  std::string api_key;               // from the environment or a file; never shown
  Options request{Options::none()};  // a sub-tree that the dialect parses
  replay::StreamTimeouts timeouts;
  std::optional<Pricing> pricing;
};

struct TargetConfig : ServerConfig {
  std::string name;
  std::string locality{"local"};
  std::string accelerator{"auto"};  // or a name
  probes::PowerChoice power;
  Options schedule{Options::none()};  // a sub-tree that pacing parses
  replay::RetryPolicy retry;
  std::string until_success_place;  // FILE:LINE:COLUMN
  int warmup{0};
  Seconds ready_timeout{60};  // 0: the server need not be ready
  replay::Politeness politeness;
  std::optional<BudgetLimits> budget;
  std::string budget_place;         // FILE:LINE:COLUMN, where there is one
  std::optional<Watts> idle_power;  // of the accelerator scope, where the user knows it
  std::optional<TokenEnergy> estimate;
  std::string estimate_place;  // FILE:LINE:COLUMN, where there is one
  std::string request_digest;  // of what it is asked beside the problem: changes with the map `request`
};

// The model that judges, for the judges that ask one.
struct JudgeModelConfig : ServerConfig {
  std::string shares;  // the target whose accelerator it works on; "" : none's
  std::string place;   // FILE:LINE:COLUMN
  int concurrency{4};
  Seconds give_up{3600};  // how long a verdict may take to come
};

struct StoreConfig {
  std::string path{"ipw.db"};
  bool keep_answers{true};
  Seconds keep_power{3600};  // in memory, for the pages
};

struct ProbesConfig {
  Seconds period{0.05};
  std::string root{"/"};
  std::vector<Options> sources;  // each source parses its own
};

// What a kilowatt hour emits or costs: a number, or the series of a Prometheus.
struct RateConfig {
  std::optional<double> fixed;
  std::string currency;                            // of a price
  std::shared_ptr<probes::HttpEndpoint> endpoint;  // where it is not fixed
  std::string query;
  Seconds every{300}, keep{3600};
};

// The whole configuration, checked. What belongs to a plug-in stays an Options for it to parse.
struct Config {
  ListenAddress listen;
  Seconds shutdown_grace{2};
  CorpusConfig corpus;
  std::vector<TargetConfig> targets;
  SplitStrategy attribution{SplitStrategy::work};
  std::string coverage_reference;   // the target with which the others are compared; "": none
  Options judges{Options::none()};  // a sub-tree that the bench parses
  ProbesConfig probes;
  StoreConfig store;
  RegressionOptions regression;
  std::string judges_digest;  // of the map `judges`
  std::string text;           // what was read, without comments and secrets: for /api/v1/config
  std::optional<RateConfig> carbon, electricity;

  // Names every key that nobody read. Call after every plug-in has parsed its part.
  Result<void> finish() { return root.finish(); }
  Options root{Options::none()};
};

// Reads YAML. `${VAR}` is expanded from the environment. Errors: invalid, `FILE:LINE:COLUMN: message`.
Result<Config> load_config(const std::string& path);
// `judges.llm`, where it names a server. What is wrong is recorded in the options: the bench that is opened with them
// tells it.
std::optional<JudgeModelConfig> read_judge_model(Options judges);
// Only the map `judges` of a configuration, whatever else it holds.
struct JudgesConfig {
  Options judges{Options::none()};
  std::optional<JudgeModelConfig> model;
};
Result<JudgesConfig> load_judges(const std::string& path);
// As load_config(), from a text that stands for the file `name`.
Result<Config> parse_config(const std::string& name, const std::string& yaml);

}  // namespace ipw
