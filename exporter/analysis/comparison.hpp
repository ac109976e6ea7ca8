#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/analysis/coverage.hpp"
#include "exporter/analysis/paired.hpp"
#include "exporter/analysis/query_results.hpp"
#include "exporter/analysis/routing.hpp"

namespace ipw {

struct TargetCoverage {
  std::string target;
  Coverage coverage;  // over the queries that both it and the reference have
};

struct RouterResult {
  Router router;
  Routed routed;
};

// What several targets do beside a reference, and together.
struct Comparison {
  std::string reference;
  std::vector<TargetCoverage> coverage;  // of every target but the reference
  std::vector<PairedComparison> paired;  // of the same targets, over the same queries

  // Over the queries that all targets have; empty where there is none.
  std::uint64_t queries{0};
  std::vector<std::string> order;  // all targets, cheapest first
  std::string_view
      ordered_by;  // what is cheap: `joules`, `dollars`, `seconds`, or `name` where nothing is known of all
  std::optional<probes::Scope> scope;     // of the joules: the narrowest in which all targets are metered
  std::set<probes::Quality> qualities;    // of these joules; more than one are compared with care
  Union together;                         // of all targets but the reference
  std::vector<std::uint64_t> difficulty;  // by `order`; the last is of what nobody solves
  std::vector<RouterResult> routing;      // the oracle first
};

// REQUIRES: at least two targets, sorted by name; `reference` is one of them.
Comparison compare(const QueryResults& results, std::span<const std::string> targets, const std::string& reference,
                   const OptionsOf& options_of);

}  // namespace ipw
