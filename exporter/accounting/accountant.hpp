#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.hpp"
#include "base/published.hpp"
#include "exporter/accounting/attribution.hpp"
#include "exporter/accounting/budget.hpp"
#include "exporter/accounting/judge_counts.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/accounting/record_store.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "exporter/regression/device_facts.hpp"
#include "exporter/regression/watch.hpp"
#include "exporter/statistics/windows.hpp"
#include "probes/rig.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// The one thread of the books: takes events from the queue, settles against the timeline, adds up, stores what is
// complete, and publishes a new snapshot a few times a second. Nothing else writes any of these.
class Accountant {
 public:
  struct Parts {
    std::vector<LedgerTarget> targets;
    std::vector<Book> books;
    probes::Rig* rig{nullptr};    // outlives the accountant
    RecordStore* store{nullptr};  // may be null; outlives the accountant
    const Clock* clock{nullptr};
    WallAnchor anchor;
    std::vector<std::size_t> server_of{};            // by target: the first of the targets at the same server
    std::optional<JudgeCounts> judge{};              // the model that judges, if one does
    RegressionWatch* regressions{nullptr};           // may be null; outlives the accountant, which alone uses it
    std::vector<std::shared_ptr<Budget>> budgets{};  // by target, null where there is none; or empty
    std::function<void(const AttemptRecord&)>
        on_record;                       // after it was stored, on the accountant's thread; may be empty
    std::unique_ptr<Windows> windows{};  // of the same targets, or null
    EnergyRates rates{};
  };
  explicit Accountant(Parts parts);
  // Finishes as close() does.
  ~Accountant();

  // For replayers; thread-safe; valid while this lives. Nudges the samplers at every start and end.
  replay::EventSink sink();
  std::shared_ptr<const Snapshot> snapshot() const { return published_.get(); }
  Published<Snapshot>& published() { return published_; }

  // From now on takes every event, also while the disk is full: replay is to end, not to wait. Thread-safe.
  void drain() { draining_ = true; }
  // No server is asked for its load any more: the books wait for no poll. Thread-safe.
  void end_loads() { loads_ended_ = true; }

  // REQUIRES: no more events come; one thread calls, once or more. Settles what is open once the meters have covered it
  // (at most a second), stores, publishes a last snapshot and ends the thread. Errors: when records could not be
  // stored.
  Result<void> close();

 private:
  void run();
  void take(const replay::AttemptEvent& event);
  void log_pause(const replay::Paused& event) const;
  void settle(MonoTime limit);
  void settle_rest();
  Result<void> write();
  void store();
  void charge_budgets(const AttemptRecord& record);
  void learn(std::size_t target, const std::string& source, const Facts& facts, MonoTime at);
  void learn_devices(const std::vector<DeviceSnapshot>& devices);
  void follow();
  std::size_t target_of(const CompletedQuery& query) const;
  void complete(CompletedQuery query);
  void show_rates(Snapshot& snapshot) const;
  void publish();
  Seconds cover_time() const;
  const probes::PowerTimeline& timeline() const;

  Parts parts_;
  Attributor attributor_;
  Ledger ledger_;
  EnergyBill bill_;
  BoundedQueue<replay::AttemptEvent> queue_;
  std::vector<AttemptRecord> unstored_;
  std::vector<LateVerdict> unstored_verdicts_;
  std::vector<CompletedQuery> unfollowed_;  // until they are stored
  std::vector<SteadyFacts> device_facts_;   // by target
  std::string store_error_;                 // the last one; empty while storing works
  MonoTime store_at_{};
  Published<Snapshot> published_;
  std::atomic<bool> draining_{false}, loads_ended_{false};
  std::jthread thread_;
};

}  // namespace ipw
