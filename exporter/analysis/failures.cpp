#include "exporter/analysis/failures.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/text.hpp"

namespace ipw {
namespace {

using replay::Outcome;
using replay::VerdictKind;

bool later(const Failure& a, const Failure& b) {
  return std::tie(a.at, a.id) > std::tie(b.at, b.id);
}

std::optional<Failure> failure_of(const AttemptRecord& record) {
  if (!record.final || record.outcome == Outcome::cancelled) return std::nullopt;
  Failure failure{.id = record.id, .query_id = record.query_id, .at = record.ended_at};
  if (record.outcome != Outcome::ok) {
    failure.what = to_text(record.outcome);
    failure.reason = record.outcome_reason;
  } else if (record.verdict == VerdictKind::unparsed || record.verdict == VerdictKind::unanswered ||
             record.verdict == VerdictKind::judge_error) {
    failure.what = to_text(*record.verdict);
    failure.reason = record.verdict_reason;
  } else {
    return std::nullopt;
  }
  failure.reason = shortened(failure.reason, Failures::kReasonBytes);
  return failure;
}

}  // namespace

void Failures::add(const AttemptRecord& record) {
  auto failure = failure_of(record);
  if (!failure) return;
  ++all_;
  const std::pair key(failure->what, failure->reason);
  if (const auto found = counts_.find(key); found != counts_.end())
    ++found->second;
  else if (counts_.size() < kReasons)
    counts_[key] = 1;
  else
    ++other_;
  newest_.push_back(std::move(*failure));
  std::ranges::push_heap(newest_, later);
  if (newest_.size() <= kNewest) return;
  std::ranges::pop_heap(newest_, later);
  newest_.pop_back();
}

std::vector<Failures::Count> Failures::counts() const {
  std::vector<Count> all(counts_.begin(), counts_.end());
  std::ranges::stable_sort(all, std::ranges::greater(), &Count::second);
  if (other_ > 0) all.push_back({{"other", "other reasons"}, other_});
  return all;
}

std::vector<Failure> Failures::newest() const {
  auto all = newest_;
  std::ranges::sort(all, later);
  return all;
}

}  // namespace ipw
