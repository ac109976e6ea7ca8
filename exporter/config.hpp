#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "exporter/accounting/ledger.hpp"
#include "probes/topology.hpp"
#include "replay/replayer.hpp"
#include "replay/transport.hpp"

namespace ipw {

struct ListenAddress {
  std::string host{"127.0.0.1"};
  int port{9947};
};

struct CorpusConfig {
  std::string name;                // the `corpus` label
  std::vector<std::string> paths;  // relative to the configuration file's folder
};

struct TargetConfig {
  std::string name, model, dialect, locality;
  replay::Url url;
  std::string accelerator;  // "auto" or a name
  probes::PowerChoice power;
  std::string api_key;      // resolved from api_key_env or api_key_file; never shown
  Options schedule, request;  // sub-trees that pacing and dialect parse
  replay::StreamTimeouts timeouts;
  replay::RetryPolicy retry;
  int warmup{0};
  std::optional<Pricing> pricing;
  std::optional<Watts> idle_power;  // of the accelerator scope, where the user knows it
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
  Options judges;
  ProbesConfig probes;
  StoreConfig store;
  std::string text;  // the file as it was read, secrets removed: for /api/v1/config

  // Names every key that nobody read. Call after every plug-in has parsed its part.
  Result<void> finish() { return root.finish(); }
  Options root;
};

// Reads YAML. `${VAR}` is expanded from the environment. Errors: invalid, `FILE:LINE:COLUMN: message`.
Result<Config> load_config(const std::string& path);
Result<Config> parse_config(const std::string& name, const std::string& yaml);

// A YAML text as an options tree. Errors: invalid, with the place.
Result<OptionsNode> parse_yaml(const std::string& name, const std::string& yaml);

}  // namespace ipw
