#include "exporter/analysis/query_results.hpp"

#include <algorithm>

namespace ipw {
namespace {

using replay::VerdictKind;

std::optional<double> dollars_of(const FinishedQuery& query) {
  // A failed attempt may have no price; an answered one that has none leaves the sum unknown.
  double sum = 0;
  bool known = false;
  for (const auto& attempt : query.attempts) {
    if (!attempt.cost_usd && replay::answered(attempt.outcome)) return std::nullopt;
    known = known || attempt.cost_usd;
    sum += attempt.cost_usd.value_or(0);
  }
  return known ? std::optional(sum) : std::nullopt;
}

QueryResult result_of(const FinishedQuery& query) {
  const auto& last = query.last();
  QueryResult result;
  result.cycle = last.cycle;
  result.score = last.score.value_or(0);
  result.solved = last.verdict == VerdictKind::correct || last.verdict == VerdictKind::tie;
  result.pairwise = last.judge == "pairwise";
  for (std::size_t scope = 0; scope < kScopes; ++scope)
    result.energy[scope] = drawn(query.attempts, static_cast<probes::Scope>(scope));
  result.dollars = dollars_of(query);
  const std::chrono::duration<double> took = last.ended_at - query.attempts.front().sent_at;
  if (replay::answered(last.outcome)) result.seconds = Seconds{took.count()};
  return result;
}

const QueryResult* of_cycle(const std::vector<QueryResult>& results, std::uint64_t cycle) {
  const auto found = std::ranges::find(results, cycle, &QueryResult::cycle);
  return found == results.end() ? nullptr : &*found;
}

}  // namespace

void QueryResults::add(const FinishedQuery& query) {
  const auto& last = query.last();
  if (!last.verdict || !query.whole()) return;
  auto& asked = queries_[{last.corpus, last.query_id}];
  if (asked.subject.empty()) asked.subject = last.subject;
  auto& results = asked.by_target[last.target];
  const auto place = std::ranges::find_if(results, [&](const auto& held) { return held.cycle <= last.cycle; });
  if (place == results.end() && results.size() >= kCycles) return;
  results.insert(place, result_of(query));
  if (results.size() > kCycles) results.pop_back();
}

std::vector<ComparedQuery> QueryResults::common(std::span<const std::string> targets) const {
  std::vector<ComparedQuery> all;
  if (targets.empty()) return all;
  for (const auto& [key, asked] : queries_) {
    auto row = compared(asked, targets);
    if (!row) continue;
    row->id = key.second;
    all.push_back(std::move(*row));
  }
  return all;
}

std::optional<ComparedQuery> QueryResults::compared(const Asked& asked, std::span<const std::string> targets) {
  std::vector<const std::vector<QueryResult>*> held;
  for (const auto& target : targets) {
    const auto found = asked.by_target.find(target);
    if (found == asked.by_target.end()) return std::nullopt;
    held.push_back(&found->second);
  }
  ComparedQuery row{{}, asked.subject, {}};
  for (const auto& candidate : *held.front()) {
    for (const auto* results : held)
      if (const auto* result = of_cycle(*results, candidate.cycle)) row.results.push_back(result);
    if (row.results.size() == held.size()) return row;
    row.results.clear();
  }
  for (const auto* results : held) row.results.push_back(&results->front());
  return row;
}

}  // namespace ipw
