#include "exporter/accounting/record.hpp"

namespace ipw {

std::string_view to_text(Validity validity) {
  constexpr std::string_view kNames[kValidities] = {"ok", "shared", "gap", "reset", "too_short"};
  return kNames[static_cast<std::size_t>(validity)];
}

AttemptRecord record_of(const replay::Attempt& attempt, const WallAnchor& anchor) {
  AttemptRecord record;
  record.id = attempt.id;
  record.query_id = attempt.query->item->id;
  record.attempt = attempt.number;
  record.final = attempt.final;
  record.subject = attempt.query->item->subject;
  record.language = attempt.query->item->language;
  record.cycle = attempt.query->cycle;
  record.outcome = attempt.outcome;
  record.outcome_reason = attempt.reason;
  record.scheduled_at = anchor.wall(attempt.scheduled_at);
  record.sent_at = anchor.wall(attempt.sent_at);
  record.ended_at = anchor.wall(attempt.ended_at);
  if (attempt.first_token_at) {
    record.first_token_at = anchor.wall(*attempt.first_token_at);
    record.time_to_first_token = between(attempt.sent_at, *attempt.first_token_at);
  }
  if (attempt.first_answer_at) record.time_to_answer = between(attempt.sent_at, *attempt.first_answer_at);
  if (attempt.last_token_at) {
    record.last_token_at = anchor.wall(*attempt.last_token_at);
    if (replay::answered(attempt.outcome)) {
      record.duration = between(attempt.sent_at, *attempt.last_token_at);
      record.scheduled_duration = between(attempt.scheduled_at, *attempt.last_token_at);
    }
  }
  record.usage = attempt.usage;
  record.chunks = attempt.text_events;
  record.server = attempt.timings;
  record.load = attempt.load;
  if (attempt.http_status != 0) record.client_lag = attempt.client_lag;
  record.problem = attempt.query->item->problem;
  record.answer = attempt.answer;
  return record;
}

}  // namespace ipw
