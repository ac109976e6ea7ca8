#include "exporter/analysis/paired.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "exporter/statistics/clustered.hpp"

namespace ipw {
namespace {

// Sums over pairs of a ratio's numerator and denominator, for its bounds by the delta method on the log scale.
struct RatioSums {
  double n{0}, a{0}, b{0}, aa{0}, bb{0}, ab{0};

  void add(double target, double reference) {
    ++n;
    a += target;
    b += reference;
    aa += target * target;
    bb += reference * reference;
    ab += target * reference;
  }
  std::optional<Estimate> estimate() const {
    if (n < static_cast<double>(kMinimumQueries) || a <= 0 || b <= 0) return std::nullopt;
    const double r = a / b;
    const double squares = std::max(0.0, aa - 2 * r * ab + r * r * bb);  // of target − r·reference, whose mean is 0
    const double error = std::sqrt(squares * n / (n - 1)) / a;
    const double reach = std::exp(student_t95(n - 1) * error);
    return Estimate{r, {r / reach, r * reach}};
  }
};

struct Sums {
  PairedChange change;
  double difference{0}, squares{0};
  RatioSums joules, seconds;

  PairedChange result() const {
    auto result = change;
    const auto n = static_cast<double>(change.queries);
    if (change.queries >= kMinimumQueries) {
      // Agresti and Min (2005): half a pair more of each kind keeps the bounds honest where few or no pairs differ.
      const double more = n + 2, centre = difference / more;
      const double reach = kZ95 * std::sqrt((squares + 1) / more - centre * centre) / std::sqrt(more);
      const double value = difference / n;
      result.accuracy = Estimate{value, {std::min(value, centre - reach), std::max(value, centre + reach)}};
    }
    result.energy = joules.estimate();
    result.duration = seconds.estimate();
    return result;
  }
};

using JoulePair = std::optional<std::pair<double, double>>;

JoulePair joules_of(const ComparedQuery& query, probes::Scope scope) {
  const auto& target = query.results[0]->energy[static_cast<std::size_t>(scope)];
  const auto& reference = query.results[1]->energy[static_cast<std::size_t>(scope)];
  if (!target || !reference || target->quality != reference->quality) return std::nullopt;
  if (!(target->energy.value > 0) || !(reference->energy.value > 0)) return std::nullopt;
  return std::pair(target->energy.value, reference->energy.value);
}

probes::Scope narrowest(std::span<const ComparedQuery> queries) {
  for (std::size_t i = 0; i < kScopes; ++i) {
    const auto scope = static_cast<probes::Scope>(i);
    if (std::ranges::any_of(queries, [&](const auto& query) { return joules_of(query, scope).has_value(); }))
      return scope;
  }
  return {};
}

void add(Sums& sums, const ComparedQuery& query, const JoulePair& joules) {
  const auto &target = *query.results[0], &reference = *query.results[1];
  auto& change = sums.change;
  ++change.queries;
  ++(target.solved ? (reference.solved ? change.both : change.gained)
                   : (reference.solved ? change.lost : change.neither));
  const double difference = target.score - reference.score;
  sums.difference += difference;
  sums.squares += difference * difference;
  if (joules) {
    ++change.metered;
    sums.joules.add(joules->first, joules->second);
  }
  if (target.seconds && reference.seconds) sums.seconds.add(target.seconds->value, reference.seconds->value);
}

MovedQuery moved(const ComparedQuery& query, const JoulePair& joules) {
  MovedQuery row{
      std::string(query.id), std::string(query.subject), query.results[0]->score, query.results[1]->score, {}, {}};
  if (joules) {
    row.joules = joules->first;
    row.reference_joules = joules->second;
  }
  return row;
}

using Change = std::pair<double, const ComparedQuery*>;  // logarithm of the ratio of joules

// The greatest ratio first of those above 1, then the same for those below.
void rank(std::vector<Change>& changes, PairedComparison& comparison) {
  std::ranges::stable_sort(changes, std::ranges::greater(), &Change::first);
  const auto row = [&](const Change& change) {
    return moved(*change.second, joules_of(*change.second, comparison.scope));
  };
  for (const auto& change : changes)
    if (change.first > 0 && comparison.dearer.size() < PairedComparison::kShown)
      comparison.dearer.push_back(row(change));
  for (auto it = changes.rbegin(); it != changes.rend() && it->first < 0; ++it)
    if (comparison.cheaper.size() < PairedComparison::kShown) comparison.cheaper.push_back(row(*it));
}

}  // namespace

PairedComparison compare_pairs(const std::string& target, std::span<const ComparedQuery> queries) {
  PairedComparison comparison;
  comparison.target = target;
  comparison.scope = narrowest(queries);
  Sums all;
  std::map<std::string, Sums> subjects;
  std::vector<Change> changes;
  for (const auto& query : queries) {
    const auto joules = joules_of(query, comparison.scope);
    add(all, query, joules);
    if (!query.subject.empty()) add(subjects[std::string(query.subject)], query, joules);
    const bool now = query.results[0]->solved, before = query.results[1]->solved;
    auto& list = now ? comparison.gained : comparison.lost;
    if (now != before && list.size() < PairedComparison::kShown) list.push_back(moved(query, joules));
    if (joules) changes.emplace_back(std::log(joules->first / joules->second), &query);
  }
  comparison.all = all.result();
  for (const auto& [subject, sums] : subjects) comparison.subjects[subject] = sums.result();
  rank(changes, comparison);
  return comparison;
}

}  // namespace ipw
