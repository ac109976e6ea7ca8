#include "exporter/regression/baseline.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace ipw {
namespace {

constexpr std::uint32_t kLeastObservations = 3;
constexpr double kSecondsPerYear = 365.25 * 86400;

// Joules of one meter; nothing where the query has none of it.
std::optional<double> log_joules(const Observation& seen, const MeteredScope& metered) {
  const auto found = std::ranges::find(seen.log_joules, metered, &LogJoules::metered);
  return found == seen.log_joules.end() ? std::nullopt : std::optional(found->value);
}

std::optional<double> plain_value(const TestedQuantity& tested, const Observation& seen) {
  switch (tested.quantity) {
    case WatchedQuantity::accuracy:
      return seen.score;
    case WatchedQuantity::latency:
      return seen.log_seconds;
    case WatchedQuantity::energy:
      return log_joules(seen, *tested.metered);
    case WatchedQuantity::ipj:
      return std::nullopt;
  }
  return std::nullopt;
}

Reference::Shape shape_of(WatchedQuantity quantity, double mean_score) {
  switch (quantity) {
    case WatchedQuantity::accuracy:
      return {.flip = 1, .winsorised = false};
    case WatchedQuantity::ipj:
      return {.flip = 1 / mean_score, .winsorised = false};
    default:
      return {.flip = 0, .winsorised = true};
  }
}

std::vector<Observation> last_cycles(std::span<const Observation> observations, std::set<std::uint64_t>& cycles) {
  for (const auto& seen : observations) cycles.insert(seen.cycle);
  while (cycles.size() > kMaxBaselineCycles) cycles.erase(cycles.begin());
  std::vector<Observation> kept;
  std::ranges::copy_if(observations, std::back_inserter(kept),
                       [&cycles](const Observation& seen) { return cycles.contains(seen.cycle); });
  return kept;
}

std::optional<double> yearly(std::span<const Observation> observations) {
  const auto [first, last] = std::ranges::minmax(observations, {}, &Observation::at);
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  if (seconds < 1) return std::nullopt;
  return static_cast<double>(observations.size() - 1) / seconds * kSecondsPerYear;
}

}  // namespace

Result<PanelBaseline> PanelBaseline::from(std::span<const Observation> observations) {
  std::set<std::uint64_t> cycles;
  const auto kept = last_cycles(observations, cycles);
  PanelBaseline baseline;
  baseline.cycles_ = cycles.size();
  if (auto panel = baseline.choose_items(kept); !panel) return panel.error();
  baseline.queries_per_year_ = yearly(kept);
  baseline.build_references(kept);
  return baseline;
}

Result<void> PanelBaseline::choose_items(std::span<const Observation> observations) {
  std::map<std::string, std::pair<std::string, std::uint32_t>> counts;  // id: subject and observations
  for (const auto& seen : observations) {
    auto& [subject, count] = counts[seen.query_id];
    subject = seen.subject;
    ++count;
  }
  const auto whole =
      std::ranges::count_if(counts, [](const auto& entry) { return entry.second.second >= kBaselineCycles; });
  if (cycles_ < kBaselineCycles || 2 * static_cast<std::size_t>(whole) < counts.size() || counts.empty())
    return Error{Errc::unavailable, "warming up: " + std::to_string(whole) + " of " + std::to_string(counts.size()) +
                                        " queries were seen in " + std::to_string(kBaselineCycles) + " cycles"};
  for (const auto& [id, entry] : counts) {
    if (entry.second < kLeastObservations) continue;
    index_.emplace(id, static_cast<std::uint32_t>(items_.size()));
    items_.push_back({id, entry.first});
  }
  return {};
}

void PanelBaseline::build_references(std::span<const Observation> observations) {
  build({WatchedQuantity::accuracy, std::nullopt}, observations);
  build({WatchedQuantity::latency, std::nullopt}, observations);
  std::set<MeteredScope> meters;
  for (const auto& seen : observations)
    for (const auto& joules : seen.log_joules) meters.insert(joules.metered);
  const auto accuracy = references_.find({WatchedQuantity::accuracy, std::nullopt});
  mean_score_ = accuracy == references_.end() ? 0 : -accuracy->second.mean();
  for (const auto& metered : meters) {
    build({WatchedQuantity::energy, metered}, observations);
    if (mean_score_ > 0) build({WatchedQuantity::ipj, metered}, observations);
  }
}

void PanelBaseline::build(const TestedQuantity& tested, std::span<const Observation> observations) {
  const double sign = worse_sign(tested.quantity);
  std::vector<ReferenceValue> values;
  for (const auto& seen : observations) {
    const auto number = item(seen.query_id);
    if (!number) continue;
    if (tested.quantity == WatchedQuantity::ipj) {
      if (const auto value = composed(tested, *number, seen)) values.push_back({*number, value->value, seen.cycle});
    } else if (const auto value = plain_value(tested, seen)) {
      values.push_back({*number, sign * *value, seen.cycle});
    }
  }
  if (values.size() < kBaselineCycles * items_.size() / 2) return;
  references_.emplace(tested, Reference(shape_of(tested.quantity, mean_score_), items_.size(), values));
}

std::optional<std::uint32_t> PanelBaseline::item(std::string_view query_id) const {
  const auto found = index_.find(query_id);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

// Correct per joule: its energy part is drawn in as energy is, its score is not.
std::optional<SignedValue> PanelBaseline::composed(const TestedQuantity& tested, std::uint32_t item,
                                                   const Observation& observed) const {
  const auto joules = value({WatchedQuantity::energy, tested.metered}, item, observed);
  if (!joules || !observed.score) return std::nullopt;
  const double score = *observed.score / mean_score_;
  return SignedValue{joules->value - score, joules->raw - score};
}

std::optional<SignedValue> PanelBaseline::value(const TestedQuantity& tested, std::uint32_t item,
                                                const Observation& observed) const {
  const auto found = references_.find(tested);
  if (tested.quantity == WatchedQuantity::ipj) {
    if (found == references_.end() || !found->second.knows(item)) return std::nullopt;
    return composed(tested, item, observed);
  }
  const auto plain = plain_value(tested, observed);
  if (found == references_.end() || !plain || !found->second.knows(item)) return std::nullopt;
  const double raw = worse_sign(tested.quantity) * *plain;
  return SignedValue{found->second.clipped(item, raw), raw};
}

}  // namespace ipw
