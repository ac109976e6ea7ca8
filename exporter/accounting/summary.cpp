#include "exporter/accounting/summary.hpp"

namespace ipw {

void PassSummary::add(const AttemptRecord& record) {
  const bool counts = record.outcome != replay::Outcome::cancelled;
  add_energy(record);
  if (!record.final) return;
  if (!counts) {
    ++cancelled_;
    return;
  }
  ++queries_;
  ++outcomes_[static_cast<std::size_t>(record.outcome)];
  if (record.verdict) ++verdicts_[static_cast<std::size_t>(*record.verdict)];
  score_ += record.score.value_or(0);
  input_tokens += static_cast<std::uint64_t>(record.usage.input_tokens.value_or(0));
  output_tokens += static_cast<std::uint64_t>(record.usage.output_tokens.value_or(0));
  if (!replay::answered(record.outcome)) return;
  ++answered_;
  if (record.duration) durations.push_back(record.duration->value);
  if (record.time_to_first_token) first_tokens.push_back(record.time_to_first_token->value);
}

void PassSummary::add_energy(const AttemptRecord& record) {
  const auto key = record.query_id + '\n' + std::to_string(record.cycle);
  auto& spent = open_[key];
  for (const auto& scope : record.energy) {
    auto& sum = spent[{scope.scope, scope.quality}];
    const Seconds window{std::chrono::duration<double>(record.ended_at - record.sent_at).count()};
    sum.energy += scope.gross;
    sum.busy += scope.busy;
    sum.window += window;
    sum.scope_energy += scope.mean_power * window;
    sum.valid = sum.valid && scope.validity == Validity::ok;
  }
  if (!record.final) return;
  if (record.verdict && record.outcome != replay::Outcome::cancelled) {
    for (const auto& [labels, sum] : spent) {
      if (!sum.valid) continue;
      auto& metered = metered_[labels];
      ++metered.queries;
      metered.score += record.score.value_or(0);
      metered.energy += sum.energy;
      metered.seconds += sum.busy;
      if (sum.window.value > 0) metered.watts += (sum.scope_energy / sum.window).value;
    }
  }
  open_.erase(key);
}

}  // namespace ipw
