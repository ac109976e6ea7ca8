#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/book_model.hpp"
#include "exporter/accounting/foreign_loads.hpp"
#include "exporter/accounting/meter_reader.hpp"
#include "exporter/accounting/open_query.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "exporter/accounting/token_energy.hpp"
#include "probes/timeline.hpp"
#include "probes/topology.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// One device in one scope whose joules are kept account of, and the targets that may be charged for it. Without
// channels it is one target's server that nothing measures: its joules are those that `estimate` finds for its queries,
// and nothing of it is ever idle.
struct Book {
  probes::Meter meter;
  std::vector<std::size_t> targets;  // indices in the configuration
  std::optional<Watts> idle_floor;   // configured; without it one is learned from quiet times
  std::optional<TokenEnergy> estimate{};
  SplitStrategy strategy{SplitStrategy::work};
  WorkRule rule{};
};

// A settled attempt: what it drew, per scope of its target.
struct BookedAttempt {
  std::shared_ptr<const replay::Attempt> attempt;
  std::vector<ScopeEnergy> energy;
  double concurrency{1};  // mean number of our attempts in flight at its target while it ran, itself included
};

// What settling found: attempts whose energy is final, and per book the joules by share. A query is settled whole: its
// attempts come together, its energy is `query` or `invalid` for all of them, and its joules appear when its whole time
// is booked. So the books are the meter up to the watermark, less what queries drew that reach beyond it.
struct Settlement {
  MonoTime watermark;
  std::vector<BookedAttempt> attempts;
  std::vector<std::array<Joules, kShares>> shares;      // by book
  std::vector<Joules> metered;                          // by book: the sum of its shares
  std::vector<SplitState> splits{};                     // by book: how its joules are split at the watermark
  std::vector<std::optional<ForeignTokens>> foreign{};  // by target, as far as servers count tokens
};

// Splits the meters' joules among the attempts that ran (METHODOLOGY, "Attribution").
//
// Time is cut at every start, end, first token and meter update. In each slice the idle floor's part is split evenly
// among the attempts present, the active part by the work each did in it (work.hpp, work_model.hpp), evenly where
// nobody did any. Others' requests at the same server are present and work like ours (foreign_loads.hpp); their part is
// `foreign`. What belongs to nobody is `idle` or, where a meter moved without history (gaps), `unattributed`.
//
// Pure: no clock, no thread, no I/O; owned by the accountant. The same events and timeline give the same bookings.
class Attributor {
 public:
  // `server_of`: by target, the first of the targets at the same server.
  explicit Attributor(std::vector<Book> books, MonoTime start, std::vector<std::size_t> server_of = {});

  // An event of a time that is booked already is taken all the same; its query's energy counts as a gap.
  void on(const replay::Started& event);
  void on(const replay::Finished& event);
  void on(const replay::LoadSeen& event) { foreign_.on(event); }
  // No server is asked for its load any more: nothing waits for that.
  void end_of_loads() { foreign_.end(); }
  // Nothing follows, no event and no reading: what is open is final as it stands. A query without a final attempt is
  // booked as cancelled; what the meters do not cover is a gap.
  void end();

  // Books everything up to `limit`, or less: never beyond the start of the oldest query still open, nor beyond what the
  // meters' timeline covers (a channel that never said anything, or nothing for a minute, holds nothing up). Returns
  // what became final by that.
  Settlement settle(const probes::PowerTimeline& timeline, MonoTime limit);

  MonoTime watermark() const { return watermark_; }
  bool has_open() const { return !queries_.empty(); }

 private:
  using Key = std::pair<MonoTime, const replay::Query*>;  // by start
  struct Crowd;
  // By the targets whose attempts are in it, and whether others' requests are, too.
  using Crowds = std::map<std::pair<std::vector<std::size_t>, bool>, Crowd>;

  OpenQuery& query_of(const std::shared_ptr<const replay::Query>& query, MonoTime start);
  const std::vector<ScopeBooks>& scopes_of(std::size_t target) const;
  bool is_elsewhere(const replay::Query& query) const;
  MonoTime covered_until(const probes::PowerTimeline& timeline, MonoTime limit) const;
  std::vector<OpenQuery*> close_ended(const probes::PowerTimeline& timeline, MonoTime covered, MonoTime& until);
  struct Stretch {
    Interval when;
    const std::vector<OpenQuery*>& queries;
    Crowds crowds;
  };
  const Crowd& crowd_of(const std::vector<std::size_t>& targets, bool with_foreign, Stretch& stretch) const;
  void count_heads(Stretch& stretch) const;
  void tell_phase_times(const Stretch& stretch);
  void book(std::size_t book, const Crowd& crowd, const std::vector<PowerPiece>& pieces, Settlement& settlement);
  void finish(const std::vector<OpenQuery*>& queries, Settlement& settlement);
  bool was_shared(const OpenQuery& query) const;
  void describe(Settlement& settlement) const;

  std::vector<Book> books_;
  std::vector<MeterReader> readers_;  // by book
  std::vector<BookModel> models_;     // by book
  ForeignLoads foreign_;
  std::vector<std::vector<ScopeBooks>> scopes_;  // by target
  MonoTime watermark_;
  std::map<Key, OpenQuery> queries_;
  std::unordered_map<const replay::Query*, MonoTime> starts_;  // where to find a query that is still open
  bool ended_{false};
};

}  // namespace ipw
