#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "probes/timeline.hpp"
#include "probes/topology.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// One device in one scope whose joules are kept account of, and the targets that may be charged for it.
struct Book {
  probes::Meter meter;
  std::vector<std::size_t> targets;    // indices in the configuration
  std::optional<Watts> idle_floor;     // configured; without it the whole energy is active
};

// A settled attempt: what it drew, per scope of its target.
struct BookedAttempt {
  std::shared_ptr<const replay::Attempt> attempt;
  std::vector<ScopeEnergy> energy;
  double concurrency{1};  // mean number of our attempts in flight while it ran
};

// What settling found: attempts whose energy is final, and per book the joules by share, which add up to what the meter
// advanced. A query is settled whole: its attempts come together, and its energy is `query` or `invalid` for all of them.
struct Settlement {
  MonoTime watermark;
  std::vector<BookedAttempt> attempts;
  std::vector<std::array<Joules, kShares>> shares;  // by book
  std::vector<Joules> metered;                      // by book: the meter's advance; the sum of its shares
};

// Splits the meters' joules among the attempts that ran (METHODOLOGY, "Attribution").
//
// Time is cut at every start, end, first token and meter update. In each slice the idle floor's part is split evenly
// among the attempts present, the active part by the work each did in it: prefill tokens spread over sent to first
// token, decode tokens by their arrival. What belongs to nobody is `idle` or, where the meter moved without history
// (gaps), `unattributed`.
//
// Pure: no clock, no thread, no I/O; owned by the accountant. The same events and timeline give the same bookings.
class Attributor {
 public:
  explicit Attributor(std::vector<Book> books, MonoTime start);

  void on(const replay::Started& event);
  void on(const replay::Finished& event);

  // Books everything up to `limit`, or less: never beyond the start of the oldest query still open, nor beyond what every
  // meter's timeline covers. Returns what became final by that.
  Settlement settle(const probes::PowerTimeline& timeline, MonoTime limit);

  MonoTime watermark() const { return watermark_; }

 private:
  struct OpenQuery;
  std::vector<Book> books_;
  MonoTime watermark_;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ipw
