#include "exporter/accounting/open_query.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

Seconds length_of(const Load& load) {
  return between(load.begin, load.end);
}

// `gap` or `reset` where the history does not know all of it.
Validity read_whole(ScopeDraw& draw, const ScopeBooks& scope, Interval when, const probes::PowerTimeline& timeline) {
  double variance = 0;
  auto validity = Validity::ok;
  for (const auto channel : scope.channels) {
    const auto energy = timeline.energy(channel, when);
    if (!energy && validity != Validity::reset)
      validity = timeline.has_reset(channel, when) ? Validity::reset : Validity::gap;
    if (!energy) continue;
    draw.whole += energy->total;
    variance += energy->sd.value * energy->sd.value;
  }
  if (validity == Validity::ok) draw.whole_sd = Joules{std::sqrt(variance)};
  return validity;
}

// Judged over all attempts together: a request that was refused in a millisecond does not spoil the long one after it.
bool resolved(const OpenQuery& query, std::size_t scope) {
  Joules whole{0};
  double variance = 0;
  for (const auto& attempt : query.attempts) {
    whole += attempt.draws[scope].whole;
    variance += attempt.draws[scope].whole_sd.value * attempt.draws[scope].whole_sd.value;
  }
  return std::sqrt(variance) < whole.value;
}

Validity read(OpenQuery& query, std::size_t scope, const ScopeBooks& books, const probes::PowerTimeline& timeline) {
  auto worst = query.late ? Validity::gap : Validity::ok;
  for (auto& attempt : query.attempts) {
    const auto one = read_whole(attempt.draws[scope], books, {attempt.load.begin, attempt.load.end}, timeline);
    if (one == Validity::reset || worst == Validity::ok) worst = one;
  }
  if (worst != Validity::ok) return worst;
  return resolved(query, scope) ? Validity::ok : Validity::too_short;
}

// All attempts or none: the energy of a query of which a part is unknown is unknown.
std::optional<Validity> estimate(OpenQuery& query, std::size_t scope, const TokenEnergy& energy) {
  for (auto& attempt : query.attempts) {
    const auto found = energy.of(*attempt.attempt);
    if (!found) return std::nullopt;
    auto& draw = attempt.draws[scope];
    draw.portion.prefill = found->prefill;
    draw.portion.decode = found->decode;
    draw.whole = draw.portion.gross();
    draw.whole_sd = found->sd;
  }
  return Validity::ok;
}

}  // namespace

MonoTime OpenQuery::last_end() const {
  MonoTime last = start;
  for (const auto& attempt : attempts) last = std::max(last, attempt.load.end);
  return last;
}

Share OpenQuery::share(std::size_t scope) const {
  if (query->purpose == replay::Purpose::judge) return Share::judge;
  if (query->purpose == replay::Purpose::warmup) return Share::warmup;
  const auto& last = *attempts.back().attempt;
  if (!last.final || last.outcome == replay::Outcome::cancelled) return Share::cancelled;
  return validity[scope] == Validity::ok ? Share::query : Share::invalid;
}

void close(OpenQuery& query, const std::vector<ScopeBooks>& scopes, const probes::PowerTimeline& timeline) {
  query.closed = true;
  query.validity.resize(scopes.size());
  for (auto& attempt : query.attempts) attempt.draws.resize(scopes.size());
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (!scopes[i].estimate) {
      query.validity[i] = read(query, i, scopes[i], timeline);
      continue;
    }
    query.validity[i] = estimate(query, i, *scopes[i].estimate);
    if (!query.validity[i]) continue;
    auto& held = query.held[{scopes[i].books.front(), i}];
    for (const auto& attempt : query.attempts) held += attempt.draws[i].portion.gross();
  }
}

void mark_shared(OpenQuery& query, const std::vector<ScopeBooks>& scopes) {
  for (std::size_t i = 0; i < scopes.size(); ++i)
    if (!scopes[i].estimate && query.validity[i] == Validity::ok) query.validity[i] = Validity::shared;
}

std::vector<ScopeEnergy> energies(const OpenQuery& query, const OpenAttempt& attempt,
                                  const std::vector<ScopeBooks>& scopes) {
  std::vector<ScopeEnergy> all;
  all.reserve(scopes.size());
  const Seconds length = length_of(attempt.load);
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (!query.validity[i]) continue;
    const auto& [portion, whole, whole_sd] = attempt.draws[i];
    const Joules gross = portion.gross();
    ScopeEnergy energy{scopes[i].scope, scopes[i].quality, *query.validity[i]};
    energy.gross = gross;
    energy.active = portion.prefill + portion.decode;
    energy.prefill = portion.prefill;
    energy.decode = portion.decode;
    const Joules edges = whole.value > 0 ? whole_sd * std::min(1.0, gross / whole) : whole_sd;
    energy.sd = Joules{std::hypot(edges.value, portion.weights_sd().value)};
    if (length.value > 0) energy.mean_power = whole / length;
    energy.busy = scopes[i].books.empty() ? Seconds{0} : portion.busy / static_cast<double>(scopes[i].books.size());
    all.push_back(energy);
  }
  return all;
}

}  // namespace ipw
