#include "exporter/accounting/judge_counts.hpp"

#include <algorithm>

namespace ipw {

void count_tokens(TokenCounts& tokens, const replay::Usage& usage) {
  const auto part = [](std::int64_t n) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, n)); };
  const auto cached = usage.cached_tokens.value_or(0);
  const auto reasoning = usage.reasoning_tokens.value_or(0);
  tokens.cached += part(cached);
  tokens.reasoning += part(reasoning);
  if (usage.input_tokens) tokens.input += part(*usage.input_tokens - cached);
  if (usage.output_tokens) tokens.output += part(*usage.output_tokens - reasoning);
}

JudgeCounts::JudgeCounts(JudgeInfo info, std::optional<Pricing> pricing) : pricing_(pricing) {
  counts_.info = std::move(info);
  if (pricing_) counts_.cost_usd = 0;
}

void JudgeCounts::on(const replay::Attempt& request) {
  ++counts_.requests[static_cast<std::size_t>(request.outcome)];
  count_tokens(counts_.tokens, request.usage);
  if (pricing_) *counts_.cost_usd += pricing_->dollars(request.usage).value_or(0);
}

void JudgeCounts::on(const replay::Judged& event) {
  counts_.cached += event.cached ? 1 : 0;
  if (event.judge != "pairwise" || event.verdict.kind == replay::VerdictKind::judge_error) return;
  ++counts_.compared;
  counts_.split += event.verdict.split ? 1 : 0;
}

}  // namespace ipw
