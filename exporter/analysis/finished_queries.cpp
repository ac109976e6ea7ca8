#include "exporter/analysis/finished_queries.hpp"

#include <algorithm>

namespace ipw {
namespace {

std::string key_of(const AttemptRecord& record) {
  return record.target + '\n' + record.corpus + '\n' + std::to_string(record.cycle) + '\n' + record.query_id;
}

AttemptRecord without_texts(const AttemptRecord& record) {
  auto slim = record;
  slim.problem = {};
  slim.answer = {};
  return slim;
}

}  // namespace

std::optional<Drawn> drawn(std::span<const AttemptRecord> attempts, probes::Scope scope) {
  std::optional<Drawn> sum;
  for (const auto& attempt : attempts) {
    const auto found = std::ranges::find(attempt.energy, scope, &ScopeEnergy::scope);
    if (found == attempt.energy.end() || found->validity != Validity::ok) return std::nullopt;
    if (sum && sum->quality != found->quality) return std::nullopt;
    sum = Drawn{(sum ? sum->energy : Joules{0}) + found->gross, found->quality};
  }
  return sum;
}

void FinishedQueries::add(const AttemptRecord& record) {
  const bool cancelled = record.outcome == replay::Outcome::cancelled;
  if (record.final && !cancelled && record.attempt == 1) {
    each_({std::span(&record, 1)});
    return;
  }
  const auto key = key_of(record);
  if (cancelled) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    std::erase_if(found->second, [&](const auto& earlier) { return earlier.sent_at <= record.sent_at; });
    if (found->second.empty()) open_.erase(found);
    return;
  }
  auto& attempts = open_[key];
  attempts.push_back(without_texts(record));
  const auto query = ending_with_final(attempts);
  if (query.empty() || query.front().attempt != 1) return;
  open_.erase(key);
  each_({query});
}

void FinishedQueries::finish() {
  for (const auto& [key, attempts] : open_)
    if (const auto query = ending_with_final(attempts); !query.empty()) each_({query});
  open_.clear();
}

// The final attempt and, before it, the unbroken row of attempts that led to it.
FinishedQueries::Attempts FinishedQueries::ending_with_final(const Attempts& attempts) {
  Attempts query;
  const auto last = std::ranges::find(attempts, true, &AttemptRecord::final);
  if (last == attempts.end()) return query;
  query.push_back(*last);
  for (int number = last->attempt - 1; number >= 1; --number) {
    const auto before = std::ranges::find(attempts, number, &AttemptRecord::attempt);
    if (before == attempts.end()) break;
    query.push_back(*before);
  }
  std::ranges::reverse(query);
  return query;
}

}  // namespace ipw
