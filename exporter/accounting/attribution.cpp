#include "exporter/accounting/attribution.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace ipw {
namespace {

constexpr double kRounding = 1e-12;           // of the metered joules: less than that is not a residual but arithmetic
constexpr std::chrono::minutes kPatience{1};  // a source that hangs must not stop the books of all others
constexpr double kAlone = 1.1;                // mean number of requests at once

std::vector<std::vector<ScopeBooks>> scopes_by_target(const std::vector<Book>& books) {
  std::vector<std::vector<ScopeBooks>> all;
  for (std::size_t i = 0; i < books.size(); ++i) {
    const auto& meter = books[i].meter;
    for (const auto target : books[i].targets) {
      if (target >= all.size()) all.resize(target + 1);
      auto& scopes = all[target];
      auto found = std::ranges::find(scopes, meter.scope, &ScopeBooks::scope);
      if (found == scopes.end()) found = scopes.insert(found, {meter.scope, meter.quality, {}, {}, books[i].estimate});
      found->quality = std::max(found->quality, meter.quality);
      found->books.push_back(i);
      found->channels.insert(found->channels.end(), meter.channels.begin(), meter.channels.end());
    }
  }
  return all;
}

// Rounded, so that an attempt that ran alone has exactly 1.
double concurrency(const OpenAttempt& attempt) {
  const double seconds = between(attempt.load.begin, attempt.load.end).value;
  return seconds > 0 ? std::max(1.0, std::round(attempt.head_seconds / seconds * 1e6) / 1e6) : 1.0;
}

}  // namespace

// The attempts that one book may charge, on one timetable, and behind them what others had done.
struct Attributor::Crowd {
  struct Member {
    OpenQuery* query;
    OpenAttempt* attempt;
  };
  std::vector<Member> members;
  std::vector<const Load*> foreign;
  Timetable timetable;
};

const Attributor::Crowd& Attributor::crowd_of(const std::vector<std::size_t>& targets, bool with_foreign,
                                              Stretch& stretch) const {
  auto foreign = with_foreign ? foreign_.loads(targets, stretch.when) : std::vector<const Load*>{};
  const std::pair key{targets, !foreign.empty()};
  if (const auto known = stretch.crowds.find(key); known != stretch.crowds.end()) return known->second;
  std::vector<Crowd::Member> members;
  std::vector<const Load*> loads;
  for (auto* query : stretch.queries) {
    if (std::ranges::find(targets, query->query->target) == targets.end()) continue;
    for (auto& attempt : query->attempts) {
      members.push_back({query, &attempt});
      loads.push_back(&attempt.load);
    }
  }
  loads.insert(loads.end(), foreign.begin(), foreign.end());
  return stretch.crowds.emplace(key, Crowd{std::move(members), std::move(foreign), Timetable(stretch.when, loads)})
      .first->second;
}

Attributor::Attributor(std::vector<Book> books, MonoTime start, std::vector<std::size_t> server_of)
    : books_(std::move(books)), foreign_(std::move(server_of)), scopes_(scopes_by_target(books_)), watermark_(start) {
  for (const auto& book : books_) {
    readers_.emplace_back(book.meter, start);
    models_.emplace_back(BookModel::Plan{book.strategy, book.idle_floor, book.rule});
  }
}

OpenQuery& Attributor::query_of(const std::shared_ptr<const replay::Query>& query, MonoTime start) {
  const auto [known, is_new] = starts_.try_emplace(query.get(), start);
  auto& open = queries_[{known->second, query.get()}];
  if (is_new) {
    open.query = query;
    open.start = start;
    open.late = start < watermark_;
  }
  return open;
}

// What nothing here is charged for must not hold the books open either.
bool Attributor::is_elsewhere(const replay::Query& query) const {
  return query.purpose == replay::Purpose::judge && scopes_of(query.target).empty();
}

void Attributor::on(const replay::Started& event) {
  if (is_elsewhere(*event.query)) return;
  ++query_of(event.query, event.at).in_flight;
}

void Attributor::on(const replay::Finished& event) {
  foreign_.on(event);
  if (is_elsewhere(*event.attempt->query)) return;
  auto& query = query_of(event.attempt->query, event.attempt->sent_at);
  --query.in_flight;
  query.attempts.push_back({event.attempt, load_of(*event.attempt), {}, 0});
}

void Attributor::end() {
  std::erase_if(queries_, [&](const auto& entry) { return entry.second.attempts.empty(); });
  for (auto& [key, query] : queries_) query.given_up = true;
  ended_ = true;
}

const std::vector<ScopeBooks>& Attributor::scopes_of(std::size_t target) const {
  static const std::vector<ScopeBooks> kNone;
  return target < scopes_.size() ? scopes_[target] : kNone;
}

MonoTime Attributor::covered_until(const probes::PowerTimeline& timeline, MonoTime limit) const {
  if (ended_) return limit;
  MonoTime covered = limit;
  for (const auto& reader : readers_) {
    const auto until = reader.covered_until(timeline);
    if (until && *until > limit - kPatience) covered = std::min(covered, *until);
  }
  return covered;
}

// Queries in the order of their starts, up to the first that is still open: `until` becomes its start.
std::vector<OpenQuery*> Attributor::close_ended(const probes::PowerTimeline& timeline, MonoTime covered,
                                                MonoTime& until) {
  std::vector<OpenQuery*> closed;
  until = covered;
  for (auto& [key, query] : queries_) {
    if (key.first > covered) break;
    if (!query.closed) {
      if (!query.ended() || query.last_end() > covered) {
        until = key.first;
        break;
      }
      close(query, scopes_of(query.query->target), timeline);
    }
    closed.push_back(&query);
  }
  until = std::max(until, watermark_);
  return closed;
}

Settlement Attributor::settle(const probes::PowerTimeline& timeline, MonoTime limit) {
  for (auto& reader : readers_) reader.find_origin(timeline);
  MonoTime until;
  const auto queries = close_ended(timeline, covered_until(timeline, limit), until);
  until = std::max(watermark_, foreign_.advance(until, limit - kPatience));
  Settlement settlement{
      until, {}, std::vector<std::array<Joules, kShares>>(books_.size()), std::vector<Joules>(books_.size()), {}, {}};
  Stretch stretch{{watermark_, until}, queries, {}};
  if (watermark_ < until) {
    count_heads(stretch);
    tell_phase_times(stretch);
    for (std::size_t i = 0; i < books_.size(); ++i)
      book(i, crowd_of(books_[i].targets, true, stretch), readers_[i].read(timeline, stretch.when), settlement);
    watermark_ = until;
  }
  finish(queries, settlement);
  describe(settlement);
  return settlement;
}

void Attributor::count_heads(Stretch& stretch) const {
  std::set<std::size_t> targets;
  for (const auto* query : stretch.queries) targets.insert(query->query->target);
  for (const auto target : targets) {
    const auto& crowd = crowd_of({target}, false, stretch);
    for (std::size_t i = 0; i < crowd.members.size(); ++i)
      crowd.members[i].attempt->head_seconds += crowd.timetable.head_seconds(i);
  }
}

// A server's times for the phases of a request tell what its tokens cost where it worked on nothing else.
void Attributor::tell_phase_times(const Stretch& stretch) {
  for (const auto* query : stretch.queries)
    for (const auto& attempt : query->attempts) {
      const auto end = attempt.load.end;
      if (end <= stretch.when.begin || end > stretch.when.end || concurrency(attempt) > kAlone ||
          attempt.attempt->load.foreign.value_or(0) > 0)
        continue;
      for (std::size_t i = 0; i < books_.size(); ++i)
        if (std::ranges::find(books_[i].targets, query->query->target) != books_[i].targets.end())
          models_[i].expect(*attempt.attempt);
    }
}

void Attributor::book(std::size_t book, const Crowd& crowd, const std::vector<PowerPiece>& pieces,
                      Settlement& settlement) {
  const Split split(crowd.timetable, pieces, models_[book]);
  auto& shares = settlement.shares[book];
  const auto share = [&](Share s) -> Joules& { return shares[static_cast<std::size_t>(s)]; };
  Joules booked = split.nobody();
  for (std::size_t i = 0; i < crowd.members.size(); ++i) {
    const auto& [query, attempt] = crowd.members[i];
    const auto portion = split.portion(i, attempt->load);
    const auto& scopes = scopes_of(query->query->target);
    const auto scope = std::ranges::find(scopes, books_[book].meter.scope, &ScopeBooks::scope) - scopes.begin();
    attempt->draws[static_cast<std::size_t>(scope)].portion += portion;
    query->held[{book, static_cast<std::size_t>(scope)}] += portion.gross();
    booked += portion.gross();
  }
  for (std::size_t i = 0; i < crowd.foreign.size(); ++i)
    share(Share::foreign) += split.portion(crowd.members.size() + i, *crowd.foreign[i]).gross();
  booked += share(Share::foreign);
  share(Share::idle) = split.nobody();
  Joules metered{0};
  for (const auto& piece : pieces) metered += piece.energy;
  if (metered - booked > metered * kRounding) share(Share::unattributed) = metered - booked;
  settlement.metered[book] = share(Share::idle) + share(Share::foreign) + share(Share::unattributed);
}

void Attributor::finish(const std::vector<OpenQuery*>& queries, Settlement& settlement) {
  for (auto* query : queries) {
    if (query->last_end() > watermark_) continue;
    if (was_shared(*query)) mark_shared(*query, scopes_of(query->query->target));
    for (const auto& [where, joules] : query->held) {
      settlement.shares[where.first][static_cast<std::size_t>(query->share(where.second))] += joules;
      settlement.metered[where.first] += joules;
    }
    for (const auto& attempt : query->attempts) {
      settlement.attempts.push_back(
          {attempt.attempt, energies(*query, attempt, scopes_of(query->query->target)), concurrency(attempt)});
    }
    starts_.erase(query->query.get());
    queries_.erase({query->start, query->query.get()});
  }
  foreign_.forget_before(queries_.empty() ? watermark_ : std::min(watermark_, queries_.begin()->first.first));
}

bool Attributor::was_shared(const OpenQuery& query) const {
  return std::ranges::any_of(query.attempts, [&](const OpenAttempt& attempt) {
    return attempt.attempt->load.foreign.value_or(0) > 0 ||
           foreign_.any(query.query->target, {attempt.load.begin, attempt.load.end});
  });
}

void Attributor::describe(Settlement& settlement) const {
  for (const auto& model : models_) {
    const auto& work = model.work();
    settlement.splits.push_back({model.strategy(), work.origin(), work.weights(), work.errors(), model.floor().now(),
                                 model.floor().configured()});
  }
  for (std::size_t target = 0; target < scopes_.size(); ++target) settlement.foreign.push_back(foreign_.tokens(target));
}

}  // namespace ipw
