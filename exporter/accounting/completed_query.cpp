#include "exporter/accounting/completed_query.hpp"

#include <algorithm>

namespace ipw {
namespace {

Seconds length_of(const AttemptRecord& attempt) {
  return Seconds{std::chrono::duration<double>(attempt.ended_at - attempt.sent_at).count()};
}

std::optional<double> cost_of(std::span<const AttemptRecord> attempts) {
  double dollars = 0;
  for (const auto& attempt : attempts) {
    if (!attempt.cost_usd) return std::nullopt;
    dollars += *attempt.cost_usd;
  }
  return dollars;
}

QueryEnergy energy_of(std::span<const AttemptRecord> attempts, const ScopeEnergy& last) {
  QueryEnergy all{.scope = last.scope, .quality = last.quality};
  Joules whole{0};
  Seconds length{0};
  for (const auto& attempt : attempts) {
    const auto part = std::ranges::find(attempt.energy, last.scope, &ScopeEnergy::scope);
    if (part == attempt.energy.end() || part->quality != last.quality) {
      all.valid = false;
      continue;
    }
    all.valid &= part->validity == Validity::ok;
    all.gross += part->gross;
    all.active += part->active;
    all.busy += part->busy;
    whole += part->mean_power * length_of(attempt);
    length += length_of(attempt);
  }
  if (length.value > 0) all.watts = (whole / length).value;
  return all;
}

}  // namespace

CompletedQuery completed_query(std::span<const AttemptRecord> attempts) {
  const auto& last = attempts.back();
  CompletedQuery query{.target = last.target,
                       .corpus = last.corpus,
                       .query_id = last.query_id,
                       .subject = last.subject,
                       .language = last.language,
                       .model = last.model,
                       .accelerator = last.accelerator,
                       .epoch = last.epoch,
                       .cycle = last.cycle,
                       .ended_at = last.ended_at,
                       .outcome = last.outcome,
                       .verdict = *last.verdict,
                       .score = last.score.value_or(0),
                       .duration = last.duration,
                       .time_to_first_token = last.time_to_first_token,
                       .input_tokens = last.usage.input_tokens,
                       .output_tokens = last.usage.output_tokens,
                       .cost_usd = cost_of(attempts),
                       .concurrency = last.concurrency,
                       .energy = {}};
  for (const auto& scope : last.energy) query.energy.push_back(energy_of(attempts, scope));
  return query;
}

}  // namespace ipw
