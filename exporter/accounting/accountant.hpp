#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.hpp"
#include "base/published.hpp"
#include "exporter/accounting/attribution.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "probes/rig.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// Where complete records go. Errors: retry (a full disk): the accountant keeps the records and tries again.
class RecordStore {
 public:
  virtual ~RecordStore() = default;
  // Stores all of them or none.
  virtual Result<void> append(const std::vector<AttemptRecord>& records) = 0;
};

// The one thread of the books: takes events from the queue, settles against the timeline, adds up, stores what is
// complete, and publishes a new snapshot a few times a second. Nothing else writes any of these.
class Accountant {
 public:
  struct Parts {
    std::vector<LedgerTarget> targets;
    std::vector<Book> books;
    const probes::Rig* rig{nullptr};     // outlives the accountant
    RecordStore* store{nullptr};         // may be null; outlives the accountant
    const Clock* clock{nullptr};
    WallAnchor anchor;
    std::function<void(const AttemptRecord&)> on_record;  // after it was stored, on the accountant's thread; may be empty
  };
  explicit Accountant(Parts parts);
  // Finishes as close() does.
  ~Accountant();

  // For replayers; thread-safe. Nudges the samplers at every start and end.
  replay::EventSink sink();
  std::shared_ptr<const Snapshot> snapshot() const { return published_.get(); }
  Published<Snapshot>& published() { return published_; }

  // REQUIRES: no more events come. Settles what is open once the meters have covered it (at most a second), stores,
  // publishes a last snapshot and ends the thread. Errors: when records could not be stored.
  Result<void> close();

 private:
  struct Impl;
  Published<Snapshot> published_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipw
