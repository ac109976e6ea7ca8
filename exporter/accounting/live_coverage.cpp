#include "exporter/accounting/live_coverage.hpp"

#include <algorithm>
#include <span>

#include "base/log.hpp"
#include "exporter/analysis/coverage.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;

QueryResult result_of(const auto& answer) {
  QueryResult result;
  result.score = answer.score;
  result.solved = answer.solved;
  result.pairwise = answer.pairwise;
  return result;
}

void add(CoverageCounts& counts, bool good, std::int64_t sign) {
  counts.compared += static_cast<std::uint64_t>(sign);
  if (good) counts.good += static_cast<std::uint64_t>(sign);
}

}  // namespace

LiveCoverage::LiveCoverage(std::size_t targets, std::size_t reference, std::size_t most_queries)
    : targets_(targets), most_(most_queries) {
  counts_.reference = reference;
  counts_.targets.resize(targets);
}

void LiveCoverage::on(const replay::Judged& event, const std::string& subject) {
  const auto kind = event.verdict.kind;
  if (kind == VerdictKind::judge_error) return;
  const auto& query = *event.attempt->query;
  const auto number = number_of(query.item->id, subject);
  if (number == kNone) return;
  auto& answer = answers_[number * targets_ + query.target];
  const auto cycle = static_cast<std::uint32_t>(query.cycle);
  if (answer.known && answer.cycle > cycle) return;
  count(number, -1);
  answer = {.score = event.verdict.score,
            .cycle = cycle,
            .known = true,
            .solved = kind == VerdictKind::correct || kind == VerdictKind::tie,
            .pairwise = event.judge == "pairwise"};
  count(number, 1);
}

std::size_t LiveCoverage::number_of(const std::string& query, const std::string& subject) {
  const auto fresh = subject_of_.size();
  if (fresh >= most_ && !ids_.contains(query)) {
    if (!counts_.full)
      log_warn("coverage is of the first queries alone: the corpus has more of them than it takes",
               {{"queries", std::to_string(most_)}});
    counts_.full = true;
    return kNone;
  }
  if (const auto known = ids_.put(query, static_cast<std::uint32_t>(fresh + 1))) return *known - 1;
  auto place = std::ranges::find(subjects_, subject);
  if (place == subjects_.end()) place = subjects_.insert(place, subject);
  subject_of_.push_back(static_cast<std::uint32_t>(place - subjects_.begin()));
  answers_.resize(answers_.size() + targets_);
  return fresh;
}

void LiveCoverage::count(std::size_t number, std::int64_t sign) {
  const auto answers = std::span(answers_).subspan(number * targets_, targets_);
  if (!answers[counts_.reference].known) return;
  const auto& subject = subjects_[subject_of_[number]];
  const auto reference = result_of(answers[counts_.reference]);
  bool all = true, any_good = false;
  for (std::size_t target = 0; target < targets_; ++target) {
    if (target == counts_.reference) continue;
    all = all && answers[target].known;
    if (!answers[target].known) continue;
    const bool good = as_good(result_of(answers[target]), reference);
    any_good = any_good || good;
    add(counts_.targets[target][subject], good, sign);
  }
  if (all) add(counts_.together[subject], any_good, sign);
}

}  // namespace ipw
