#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "exporter/accounting/completed_query.hpp"

namespace ipw {

// What is watched (CONTRACT, label `quantity`). Accuracy is the score; energy and latency are the logarithms of gross
// joules and of the duration of answered queries; ipj is score / (the baseline's mean score) - log joules: the
// logarithm of correct answers per joule, linearised in the score.
enum class WatchedQuantity { accuracy, energy, latency, ipj };
std::string_view to_text(WatchedQuantity quantity);
// +1 where more is worse (energy, latency), -1 where less is (accuracy, ipj).
double worse_sign(WatchedQuantity quantity);

// Whose joules: one meter's scope and quality. Qualities are never compared with each other.
struct MeteredScope {
  probes::Scope scope{};
  probes::Quality quality{};
  auto operator<=>(const MeteredScope&) const = default;
};

struct LogJoules {
  MeteredScope metered;
  double value{0};
  bool operator==(const LogJoules&) const = default;
};

// What a regression needs of one query.
struct Observation {
  std::string query_id, subject;
  std::uint64_t cycle{0};
  WallTime at{};
  std::optional<double> score;        // nothing where the judge failed: that says nothing of the model
  std::optional<double> log_seconds;  // of answered queries
  std::vector<LogJoules> log_joules;  // of valid energy only
  bool operator==(const Observation&) const = default;
};

Observation observe(const CompletedQuery& query);

}  // namespace ipw
