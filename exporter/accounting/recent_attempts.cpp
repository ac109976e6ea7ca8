#include "exporter/accounting/recent_attempts.hpp"

#include <utility>

namespace ipw {

void RecentAttempts::on(const replay::Started& event, const WallAnchor& anchor) {
  if (running_.size() >= kRunning) return;
  AttemptSpan span;
  span.id = event.attempt_id;
  span.query_id = event.query->item->id;
  span.attempt = event.number;
  span.warmup = !event.query->measured();
  span.sent_at = anchor.wall(event.at);
  running_.push_back(std::make_shared<const AttemptSpan>(std::move(span)));
}

void RecentAttempts::on(const replay::Finished& event, const WallAnchor& anchor) {
  const auto& attempt = *event.attempt;
  std::erase_if(running_, [&](const auto& span) { return span->id == attempt.id; });
  AttemptSpan span;
  span.id = attempt.id;
  span.query_id = attempt.query->item->id;
  span.attempt = attempt.number;
  span.warmup = !attempt.query->measured();
  span.sent_at = anchor.wall(attempt.sent_at);
  if (attempt.first_token_at) span.first_token_at = anchor.wall(*attempt.first_token_at);
  span.ended_at = anchor.wall(attempt.ended_at);
  span.outcome = attempt.outcome;
  ended_.push_front(std::make_shared<const AttemptSpan>(std::move(span)));
  if (ended_.size() > kEnded) ended_.pop_back();
}

RecentAttempts::Spans RecentAttempts::spans() const {
  Spans all(running_.begin(), running_.end());
  all.insert(all.end(), ended_.begin(), ended_.end());
  return all;
}

}  // namespace ipw
