#include "exporter/regression/observation.hpp"

#include <cmath>

namespace ipw {

std::string_view to_text(WatchedQuantity quantity) {
  switch (quantity) {
    case WatchedQuantity::accuracy:
      return "accuracy";
    case WatchedQuantity::energy:
      return "energy";
    case WatchedQuantity::latency:
      return "latency";
    case WatchedQuantity::ipj:
      return "ipj";
  }
  return "";
}

double worse_sign(WatchedQuantity quantity) {
  return quantity == WatchedQuantity::energy || quantity == WatchedQuantity::latency ? 1 : -1;
}

Observation observe(const CompletedQuery& query) {
  Observation seen{.query_id = query.query_id,
                   .subject = query.subject,
                   .cycle = query.cycle,
                   .at = query.ended_at,
                   .score = std::nullopt,
                   .log_seconds = std::nullopt,
                   .log_joules = {}};
  if (query.verdict != replay::VerdictKind::judge_error) seen.score = query.score;
  if (replay::answered(query.outcome) && query.duration && query.duration->value > 0)
    seen.log_seconds = std::log(query.duration->value);
  for (const auto& energy : query.energy)
    if (energy.valid && energy.gross.value > 0)
      seen.log_joules.push_back({{energy.scope, energy.quality}, std::log(energy.gross.value)});
  return seen;
}

}  // namespace ipw
