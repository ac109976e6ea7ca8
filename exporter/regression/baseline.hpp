#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
constexpr std::size_t kMaxBaselineCycles = 20;

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
  // REQUIRES: the observations are of one target, corpus, judge and epoch. Of more than kMaxBaselineCycles cycles the
  // last ones are taken. Errors: unavailable ("warming up: …"), where fewer than half of the items were seen in
  // kBaselineCycles cycles.
  static Result<PanelBaseline> from(std::span<const Observation> observations);

  // The items that were seen at least three times; their index is the item's number everywhere below.
  const std::vector<PanelItem>& items() const { return items_; }
  std::optional<std::uint32_t> item(std::string_view query_id) const;
  std::size_t cycles() const { return cycles_; }
  double mean_score() const { return mean_score_; }
  // How many queries a year such a trickle is, by the observations' own times; nothing where they tell none.
  std::optional<double> queries_per_year() const { return queries_per_year_; }

  // Accuracy first, then latency, then energy and ipj of each scope; those with items enough.
  const std::map<TestedQuantity, Reference>& references() const { return references_; }
  // What an observation of that item says, signed so that more is worse; nothing where it or the baseline has none.
  // REQUIRES: `tested` is one of references().
  std::optional<SignedValue> value(const TestedQuantity& tested, std::uint32_t item, const Observation& observed) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  PanelBaseline() = default;
  Result<void> choose_items(std::span<const Observation> observations);
  void build_references(std::span<const Observation> observations);
  void build(const TestedQuantity& tested, std::span<const Observation> observations);
  std::optional<SignedValue> composed(const TestedQuantity& tested, std::uint32_t item,
                                      const Observation& observed) const;

  std::vector<PanelItem> items_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> index_;
  std::size_t cycles_{0};
  double mean_score_{0};
  std::optional<double> queries_per_year_;
  std::map<TestedQuantity, Reference> references_;
};

}  // namespace ipw
