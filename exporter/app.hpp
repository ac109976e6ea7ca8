#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/accounting/accountant.hpp"
#include "exporter/plan.hpp"
#include "exporter/rates/rate_feed.hpp"
#include "exporter/store/journal.hpp"
#include "exporter/web/http_server.hpp"
#include "replay/id_set.hpp"
#include "replay/replayer.hpp"
#include "replay/server_load.hpp"

namespace ipw {

// How a plan is to be carried out.
struct AppOptions {
  bool repeat{false};                        // begin the corpus again at its end: the daemon
  bool finish_running{false};                // told to stop, running queries are finished, however long they take
  bool serve{false};                         // metrics and pages
  bool new_cycle{false};                     // begin a new cycle even where the last one is unfinished
  std::optional<std::uint64_t> max_queries;  // of one cycle
  std::string demo_notice;                   // "" unless the demo's own server answers
};

// The composition root: wires probes, replay and the books together, runs them, and takes them apart in order. Nothing
// else knows all three. One thread calls it.
class App {
 public:
  // Opens the journal and the web server. Errors: invalid, unavailable: as they say.
  static Result<std::unique_ptr<App>> open(Plan plan, OpenCorpus corpus, AppOptions options);
  ~App();

  // Blocks until every target's feed is exhausted or `stop` is requested, then books and stores what is left.
  // Errors: invalid (the corpus changed and is wrong now), retry (records could not be stored); of a single pass that
  // ended early: unavailable (a server was not ready in time), cancelled (a budget is spent).
  Result<void> run(std::stop_token stop);

  std::shared_ptr<const Snapshot> snapshot() const { return accountant_->snapshot(); }
  const Plan& plan() const { return plan_; }
  const Journal& journal() const { return *journal_; }
  int port() const { return server_ ? server_->port() : 0; }
  // The cycle in which target `index` began, and how many of its queries were already done then.
  std::uint64_t first_cycle(std::size_t index) const { return starts_[index].cycle; }
  std::size_t done_before(std::size_t index) const { return starts_[index].done_before; }

 private:
  struct Start {
    std::uint64_t cycle{0};
    std::size_t done_before{0};
    std::shared_ptr<const replay::IdSet> done;  // until the replayer takes it: large, and of no use after the pass
  };
  App(Plan plan, OpenCorpus corpus, AppOptions options);
  Result<void> open_journal();
  Result<void> find_starts();
  Result<void> open_budgets();
  Result<void> open_regressions();
  Result<std::vector<AttemptRecord>> known_failures(const std::string& target) const;
  Result<std::unique_ptr<Windows>> open_windows();
  EnergyRates open_rates();
  Result<void> open_server();
  Result<std::vector<std::shared_ptr<replay::Gate>>> make_gates(std::size_t index);
  std::optional<JudgeCounts> judge_counts() const;
  Result<void> open_desk();
  Result<std::unique_ptr<replay::Replayer>> make_replayer(std::size_t index);
  void finish_judging(std::stop_token stop);
  Result<void> replay_all(std::stop_token stop);

  Plan plan_;
  OpenCorpus corpus_;
  AppOptions options_;
  WallAnchor anchor_;
  std::unique_ptr<Journal> journal_;
  std::vector<Start> starts_;
  std::map<std::string, std::shared_ptr<replay::OwnRequests>> own_requests_;  // by the server's origin
  std::vector<std::shared_ptr<Budget>> budgets_;                              // by target, null where there is none
  std::unique_ptr<RegressionWatch> regressions_;                              // null where nothing is to be tested
  std::vector<std::unique_ptr<RateFeed>> rate_feeds_;
  std::unique_ptr<Accountant> accountant_;
  std::shared_ptr<replay::JudgeTurn> judge_turn_;  // null unless the judging model shares a target's accelerator
  std::unique_ptr<replay::JudgeDesk> desk_;        // null where no model judges
  std::atomic<bool> ready_{false};
  std::unique_ptr<web::HttpServer> server_;
};

}  // namespace ipw
