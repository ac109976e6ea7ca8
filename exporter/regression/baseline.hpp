#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "exporter/regression/observation.hpp"
#include "exporter/regression/reference.hpp"

namespace ipw {

constexpr std::size_t kBaselineCycles = 5;  // a baseline of fewer is no baseline yet

struct PanelItem {
  std::string query_id, subject;
};

// One test: a quantity, and for energy and ipj whose joules.
struct TestedQuantity {
  WatchedQuantity quantity{};
  std::optional<MeteredScope> metered;
  auto operator<=>(const TestedQuantity&) const = default;
};

// What one target did, item by item, over several cycles of one panel: what later queries are held against. Immutable
// once built, in any order of the observations.
class PanelBaseline {
 public:
  // REQUIRES: the observations are of one target, corpus, judge and epoch. Of more than kMaxCycles cycles the last ones
  // are taken. Errors: unavailable, where no item was seen in at least kBaselineCycles cycles ("warming up: …").
  static Result<PanelBaseline> from(std::span<const Observation> observations);

  // The items that were seen in at least kBaselineCycles cycles; their index is the item's number everywhere below.
  const std::vector<PanelItem>& items() const { return items_; }
  std::optional<std::uint32_t> item(std::string_view query_id) const;
  std::size_t cycles() const { return cycles_; }
  double mean_score() const { return mean_score_; }
  // How many queries a year such a trickle is, by the observations' own times; nothing where they tell none.
  std::optional<double> queries_per_year() const { return queries_per_year_; }

  // Accuracy first, then latency, then energy and ipj of each scope; those with items enough.
  const std::map<TestedQuantity, Reference>& references() const { return references_; }
  // The value of `quantity` in an observation, before any clipping; nothing where it has none.
  std::optional<double> value(const TestedQuantity& tested, const Observation& observation) const;

 private:
  std::vector<PanelItem> items_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::size_t cycles_{0};
  double mean_score_{0};
  std::optional<double> queries_per_year_;
  std::map<TestedQuantity, Reference> references_;
};

}  // namespace ipw
