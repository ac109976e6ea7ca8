#include "exporter/app.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "exporter/store/journal_verdicts.hpp"
#include "exporter/web/pages.hpp"
#include "replay/model_judge.hpp"

namespace ipw {
namespace {

// Attempt ids must never repeat, also not in a journal that several runs wrote: time, then chance.
std::string new_id_prefix() {
  std::random_device chance;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  char text[40];
  std::snprintf(text, sizeof text, "%08llx%04x", static_cast<unsigned long long>(seconds), chance() & 0xffffU);
  return text;
}

}  // namespace

App::App(Plan plan, OpenCorpus corpus, AppOptions options)
    : plan_(std::move(plan)), corpus_(std::move(corpus)), options_(std::move(options)), anchor_(WallAnchor::now()) {}

App::~App() = default;

Result<std::unique_ptr<App>> App::open(Plan plan, OpenCorpus corpus, AppOptions options) {
  std::unique_ptr<App> app(new App(std::move(plan), std::move(corpus), std::move(options)));
  if (auto ok = app->open_journal(); !ok) return ok.error();
  if (auto ok = app->find_starts(); !ok) return ok.error();
  if (auto ok = app->open_budgets(); !ok) return ok.error();
  if (auto ok = app->open_regressions(); !ok) return ok.error();
  auto windows = app->open_windows();
  if (!windows) return windows.error();
  std::vector<LedgerTarget> targets;
  for (std::size_t i = 0; i < app->plan_.targets.size(); ++i) {
    auto& ledger = app->plan_.targets[i].ledger;
    ledger.info.demo = !app->options_.demo_notice.empty();
    ledger.first_cycle = app->starts_[i].cycle;
    ledger.done_before = app->starts_[i].done_before;
    auto failures = app->known_failures(ledger.info.name);
    if (!failures) return failures.error();
    ledger.failures = std::move(*failures);
    targets.push_back(ledger);
  }
  app->accountant_ = std::make_unique<Accountant>(Accountant::Parts{.targets = std::move(targets),
                                                                    .books = app->plan_.books,
                                                                    .rig = app->plan_.rig.get(),
                                                                    .store = app->journal_.get(),
                                                                    .clock = app->plan_.clock,
                                                                    .anchor = app->anchor_,
                                                                    .server_of = app->plan_.server_of(),
                                                                    .judge = app->judge_counts(),
                                                                    .regressions = app->regressions_.get(),
                                                                    .budgets = app->budgets_,
                                                                    .on_record = {},
                                                                    .windows = std::move(*windows),
                                                                    .rates = app->open_rates()});
  if (auto ok = app->open_server(); !ok) return ok.error();
  return app;
}

Result<void> App::open_journal() {
  const auto& store = plan_.config.store;
  auto journal = Journal::open({.path = store.path, .keep_answers = store.keep_answers, .read_only = false});
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  return {};
}

Result<void> App::find_starts() {
  for (const auto& target : plan_.targets) {
    const auto& info = target.ledger.info;
    auto last = journal_->last_cycle(info.name, info.corpus);
    if (!last) return last.error();
    Start start;
    const auto done = std::make_shared<replay::IdSet>();
    if (*last && options_.new_cycle) {
      start.cycle = **last + 1;
    } else if (*last) {
      start.cycle = **last;
      // Cycles are compared query by query: one that was begun with another panel is not gone on with.
      bool same = true;
      const auto read = journal_->for_each_finished(info.name, info.corpus, start.cycle, [&](const std::string& id) {
        same = same && (!plan_.panel || plan_.panel->contains(id));
        done->put(id, 1);
      });
      if (!read) return read.error();
      if (!same) {
        *done = {};
        ++start.cycle;
      }
      log_info(
          same ? "going on where the journal ends" : "the journal's last cycle had other queries: a new one begins",
          {{"target", info.name}, {"cycle", std::to_string(start.cycle)}, {"done", std::to_string(done->size())}});
    }
    start.done_before = done->size();
    start.done = done;
    starts_.push_back(std::move(start));
  }
  return {};
}

Result<void> App::open_budgets() {
  const auto now = plan_.clock->now();
  for (const auto& target : plan_.targets) {
    auto& budget = budgets_.emplace_back();
    if (!target.budget) continue;
    const auto spent = journal_->spent_since(target.ledger.info.name, utc_day(anchor_.wall(now)));
    if (!spent) return spent.error();
    budget = std::make_shared<Budget>(*target.budget, *spent, now, anchor_);
  }
  return {};
}

Result<void> App::open_server() {
  if (!options_.serve) return {};
  web::PageSources sources;
  sources.snapshots = &accountant_->published();
  sources.journal = journal_.get();
  sources.rig = plan_.rig.get();
  sources.anchor = anchor_;
  sources.ready = [this] { return ready_.load(); };
  sources.config_text = plan_.config.text;
  sources.demo_notice = options_.demo_notice;
  web::ServerOptions options;
  options.host = plan_.config.listen.host;
  options.port = plan_.config.listen.port;
  auto server = web::HttpServer::start(options, web::pages(std::move(sources)));
  if (!server) return server.error();
  server_ = std::move(*server);
  return {};
}

Result<std::vector<std::shared_ptr<replay::Gate>>> App::make_gates(std::size_t index) {
  const auto& target = plan_.targets[index];
  std::vector<std::shared_ptr<replay::Gate>> gates;
  if (target.politeness) {
    auto& own = own_requests_[target.transport.url.origin()];
    if (own == nullptr) own = std::make_shared<replay::OwnRequests>();
    auto watch = replay::ServerWatch::open({.target = index,
                                            .model = target.ledger.info.model,
                                            .pages = target.dialect->pages(),
                                            .politeness = *target.politeness,
                                            .ready_timeout = target.ready_timeout,
                                            .clock = plan_.clock,
                                            .own = own,
                                            .events = accountant_->sink()},
                                           target.transport);
    if (!watch) return watch.error();
    gates.push_back(std::move(*watch));
  }
  if (budgets_[index]) gates.push_back(budgets_[index]);
  if (judge_turn_ && std::ranges::find(plan_.judge_shares, index) != plan_.judge_shares.end())
    gates.push_back(judge_turn_);
  return gates;
}

std::optional<JudgeCounts> App::judge_counts() const {
  return plan_.judge ? std::optional(plan_.judge->counts) : std::nullopt;
}

Result<void> App::open_desk() {
  if (!plan_.judge) return {};
  if (!plan_.judge_shares.empty()) judge_turn_ = std::make_shared<replay::JudgeTurn>();
  replay::JudgeDesk::Parts parts;
  parts.id_prefix = new_id_prefix() + "-judge";
  parts.account = plan_.targets.size();
  parts.clock = plan_.clock;
  parts.events = accountant_->sink();
  parts.cache = std::make_shared<JournalVerdicts>(*journal_);
  parts.turn = judge_turn_;
  parts.rival = [this](const std::string& target, const std::string& query) {
    return journal_->answer(target, plan_.config.corpus.name, query);
  };
  auto desk = plan_.judge->open_desk(std::move(parts));
  if (!desk) return desk.error();
  desk_ = std::move(*desk);
  return {};
}

void App::finish_judging(std::stop_token stop) {
  if (!desk_) return;
  const auto pending = [this] {
    std::uint64_t all = 0;
    for (const auto& target : accountant_->snapshot()->targets) all += target.judgements_pending;
    return all;
  };
  desk_->finish(stop, plan_.config.shutdown_grace);
  desk_.reset();
  if (!stop.stop_requested()) return;
  if (const auto open = pending(); open > 0)
    log_warn("answers are not judged yet: `ipw-sidecar judge --journal` does that later",
             {{"answers", std::to_string(open)}});
}

Result<std::unique_ptr<replay::Replayer>> App::make_replayer(std::size_t index) {
  auto& target = plan_.targets[index];
  auto gates = make_gates(index);
  if (!gates) return gates.error();
  auto transport = replay::open_http_transport(target.transport);
  if (!transport) return transport.error();
  replay::QueryFeed::Plan feed;
  feed.open = corpus_;
  feed.panel = plan_.panel;
  feed.first_cycle = starts_[index].cycle;
  feed.repeat = options_.repeat;
  feed.max_queries = options_.max_queries;
  auto& start = starts_[index];
  feed.done = [first = start.cycle, done = std::move(start.done)](std::uint64_t cycle, const std::string& id) {
    return cycle == first && done->contains(id);
  };
  return std::make_unique<replay::Replayer>(replay::Replayer::Parts{
      .target = index,
      .id_prefix = new_id_prefix() + "-" + std::to_string(index),
      .dialect = std::move(target.dialect),
      .transport = std::move(*transport),
      .pacing = std::move(target.pacing),
      .feed = std::make_unique<replay::QueryFeed>(std::move(feed)),
      .bench = plan_.bench.get(),
      .desk = desk_.get(),
      .is_rival = plan_.bench->model_judge("pairwise")->rival() == target.ledger.info.name,
      .clock = plan_.clock,
      .events = accountant_->sink(),
      .retry = target.retry,
      .warmup = target.warmup,
      .grace = options_.finish_running ? target.transport.timeouts.total : plan_.config.shutdown_grace,
      .gates = std::move(*gates),
      .single_pass = !options_.repeat,
      .expects_no_cache = target.expects_no_cache});
}

// When it returns, nothing sends events any more.
Result<void> App::replay_all(std::stop_token stop) {
  if (auto ok = open_desk(); !ok) return ok;
  std::vector<std::unique_ptr<replay::Replayer>> replayers;
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    auto replayer = make_replayer(i);
    if (!replayer) return replayer.error();
    replayers.push_back(std::move(*replayer));
  }
  std::vector<Result<void>> outcomes(replayers.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < replayers.size(); ++i)
      threads.emplace_back([&, i] { outcomes[i] = replayers[i]->run(stop); });
    ready_ = true;
  }
  ready_ = false;
  replayers.clear();
  accountant_->end_loads();
  finish_judging(stop);
  accountant_->drain();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) continue;
    const auto& error = outcomes[i].error();
    if (error.code == Errc::invalid) return error;
    return Error{error.code, "target `" + plan_.targets[i].ledger.info.name + "`: " + error.message};
  }
  return {};
}

Result<void> App::run(std::stop_token stop) {
  const std::stop_callback drain(stop, [this] { accountant_->drain(); });
  auto replayed = replay_all(stop);
  auto closed = accountant_->close();
  return replayed ? closed : replayed;
}

}  // namespace ipw
