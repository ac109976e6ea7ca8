#include "replay/server_watch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "replay/model_list.hpp"
#include "replay/server_message.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr StreamTimeouts kPatience{.connect = Seconds{2}, .first_token = Seconds{5}, .total = Seconds{10}};
constexpr auto kBetweenLooks = 50ms;
// A gate that is closed is looked at again after a tenth of the time for which it has been.
constexpr std::chrono::nanoseconds kSoonest = 5ms, kLatest = 250ms;
constexpr auto kBetweenIdentities = 15s;
// Some servers show their load only after the first request: a page that does not is asked less often.
constexpr int kPollsWithoutNames = 10;

MonoTime look_again(MonoTime since, MonoTime now) {
  return now + std::clamp<std::chrono::nanoseconds>((now - since) / 10, kSoonest, kLatest);
}

// Why a page's answer means that its server cannot be used now. One that does not have the page answers, too.
std::optional<std::string> trouble(const Page& page, const std::string& path) {
  if (page.status == 0) return page.end.reason.empty() ? "the server gave no answer" : page.end.reason;
  if (page.status < 500 || page.status == 501) return std::nullopt;
  const auto words = server_message(page.body);
  return "HTTP " + std::to_string(page.status) + " from " + path + (words.empty() ? "" : ": " + words);
}

std::string requests(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " request" : " requests");
}

}  // namespace

Result<std::unique_ptr<ServerWatch>> ServerWatch::open(Plan plan, const TransportOptions& transport) {
  auto options = transport;
  options.streams = 1;
  options.timeouts = kPatience;
  auto& path = options.url.path;
  if (path.ends_with("/v1")) path.resize(path.size() - 3);
  auto server = open_http_transport(options);
  if (!server) return server.error();
  std::unique_ptr<Transport> load;
  if (plan.politeness.load_url) {
    options.url = *plan.politeness.load_url;
    options.url.path.clear();
    // Another server's key is nobody's business.
    if (options.url.origin() != transport.url.origin()) options.headers.clear();
    auto opened = open_http_transport(std::move(options));
    if (!opened) return opened.error();
    load = std::move(*opened);
  }
  return std::unique_ptr<ServerWatch>(
      new ServerWatch(std::move(plan), transport.timeouts.total, std::move(*server), std::move(load)));
}

ServerWatch::ServerWatch(Plan plan, Seconds look_back, std::unique_ptr<Transport> server,
                         std::unique_ptr<Transport> load)
    : plan_(std::move(plan)),
      server_(std::move(server)),
      identity_pages_(plan_.pages.identity),
      state_(look_back + plan_.politeness.poll * 2.0, plan_.clock->now()) {
  const auto& politeness = plan_.politeness;
  if (load) load_server_.emplace(std::move(load));
  if (politeness.ask_load) load_path_ = politeness.load_url ? politeness.load_url->path : plan_.pages.metrics;
  if (politeness.load_url && load_path_.empty()) load_path_ = "/";
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ServerWatch::run(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] { state_.with([](State& state) { state.wake.request_stop(); }); });
  while (!stop.stop_requested()) {
    const auto began = plan_.clock->now();
    std::stop_token woken;
    const bool ask = state_.with([&](State& state) {
      if (state.wake.stop_requested() && !stop.stop_requested()) state.wake = std::stop_source();
      woken = state.wake.get_token();
      return std::exchange(state.ask, false) || !state.ready;
    });
    if (!ask || !gated()) ask_load(stop);
    if (ask && gated())
      ask_ready(stop);
    else if (!identity_ || plan_.clock->now() >= identity_at_ + kBetweenIdentities)
      ask_identity(stop);
    if (!plan_.clock->sleep_until(began + kBetweenLooks, stop)) return;
    plan_.clock->sleep_until(began + to_chrono(plan_.politeness.poll), woken);
  }
}

void ServerWatch::ask_ready(const std::stop_token& stop) {
  const auto why = not_ready(stop);
  if (stop.stop_requested()) return;
  // What is known first, then the gate opened: limits hold for the first query, too, and it is known what answers it.
  if (!why) {
    identity_pages_ = plan_.pages.identity;
    ask_identity(stop);
  }
  if (!why && limited()) ask_load(stop);
  state_.with([&](State& state) {
    if (why) return close(state, *why);
    // What went wrong while it was asked is newer than the answer.
    if (!state.ask) state.ready = true;
  });
  if (!why && !limited()) ask_load(stop);
}

std::optional<std::string> ServerWatch::not_ready(const std::stop_token& stop) {
  for (const auto* path : {&plan_.pages.health, &plan_.pages.models}) {
    if (path->empty()) continue;
    const auto page = server_.get(*path, stop);
    if (auto why = trouble(page, *path)) return why;
    if (page.status >= 300)
      log_debug("the server does not have this page, and is taken for ready",
                {{"page", *path}, {"status", std::to_string(page.status)}});
    else if (path == &plan_.pages.models)
      return missing_model(page.body, plan_.model);
  }
  return std::nullopt;
}

void ServerWatch::ask_load(const std::stop_token& stop) {
  if (load_path_.empty() || skip_-- > 0) return;
  skip_ = 0;
  const auto mark = plan_.own->mark();
  const auto page = (load_server_ ? *load_server_ : server_).get(load_path_, stop);
  if (stop.stop_requested()) return;
  const auto counts = counts_of(page);
  const bool gone = !load_server_ && page.end.cause == StreamEnd::Cause::connect;
  const auto now = plan_.clock->now();
  const auto load = state_.with([&](State& state) {
    state.load.add(now, counts, plan_.own->most_since(mark));
    if (gone && gated()) close(state, page.end.reason);
    return state.load.now();
  });
  const bool same = counts.running == told_.running && counts.waiting == told_.waiting;
  if (same && !counts.running && !counts.tokens) return;
  told_ = counts;
  plan_.events(LoadSeen{plan_.target, counts.running, counts.waiting, now, load.foreign, counts.tokens});
}

LoadCounts ServerWatch::counts_of(const Page& page) {
  if (page.status == 0 || page.status >= 500) return {};
  const auto counts = page.status < 300 ? read_load(page.body, plan_.politeness.metrics) : LoadCounts{};
  if (counts && (counts->running || counts->waiting || counts->tokens)) {
    says_nothing_ = false;
    return *counts;
  }
  skip_ = kPollsWithoutNames;
  if (std::exchange(says_nothing_, true)) return {};
  const auto why = !counts             ? counts.error().message
                   : page.status < 300 ? std::string("the page has none of the metrics that are looked for")
                                       : "HTTP " + std::to_string(page.status);
  log(limited() ? LogLevel::warn : LogLevel::info,
      "the server does not show its load: replay does not pause for others",
      {{"model", plan_.model}, {"page", load_path_}, {"reason", why}});
  return {};
}

// A page that the server does not have is asked for again only once it was away: it may be another server then.
void ServerWatch::ask_identity(const std::stop_token& stop) {
  const auto began = identity_at_ = plan_.clock->now();
  ServerIdentity identity;
  bool all = true;
  std::erase_if(identity_pages_, [&](const std::string& path) {
    const auto page = server_.get(path, stop);
    const bool missing = (page.status >= 400 && page.status < 500) || page.status == 501;
    all &= missing || (page.status != 0 && page.status < 500);
    if (page.status < 300) read_identity(page.body, plan_.model, identity);
    return missing;
  });
  if (!all || stop.stop_requested() || identity == identity_) return;
  identity_ = identity;
  plan_.events(IdentitySeen{plan_.target, began, std::move(identity)});
}

void ServerWatch::close(State& state, const std::string& why) const {
  if (state.ready) state.since = plan_.clock->now();
  state.ready = false;
  state.why = why;
}

std::optional<Hold> ServerWatch::hold(MonoTime now) {
  return state_.with([&](State& state) -> std::optional<Hold> {
    if (state.ready || !gated()) return busy(state, now);
    const bool given_up = now - state.since >= to_chrono(plan_.ready_timeout);
    return Hold{.reason = PauseReason::not_ready,
                .why = state.why,
                .until = look_again(state.since, now),
                .retries_too = true,
                .ends_pass = given_up};
  });
}

std::optional<Hold> ServerWatch::busy(const State& state, MonoTime now) const {
  const auto& load = state.load.now();
  const auto& max_foreign = plan_.politeness.max_foreign;
  const auto& max_waiting = plan_.politeness.max_waiting;
  const bool foreign = max_foreign && load.foreign && *load.foreign > *max_foreign;
  const bool waiting = max_waiting && load.waiting && *load.waiting > *max_waiting;
  if (!foreign && !waiting) return std::nullopt;
  return Hold{
      .reason = PauseReason::load,
      .why = foreign
                 ? requests(*load.foreign) + " of others at the server, max_foreign is " + std::to_string(*max_foreign)
                 : requests(*load.waiting) + " waiting at the server, max_waiting is " + std::to_string(*max_waiting),
      .until = now + std::min<std::chrono::nanoseconds>(kLatest, to_chrono(plan_.politeness.poll)),
      .retries_too = true,
      .ends_pass = false};
}

void ServerWatch::started(const Started&) {
  plan_.own->began();
}

void ServerWatch::ended(Attempt& attempt) {
  plan_.own->ended();
  const bool refused = attempt.outcome == Outcome::connect || attempt.http_status == 503;
  const bool suspect = refused || attempt.outcome == Outcome::stream_cut || attempt.outcome == Outcome::http_5xx ||
                       attempt.outcome == Outcome::timeout_first_token || attempt.outcome == Outcome::timeout_total;
  state_.with([&](State& state) {
    attempt.load = state.load.most({attempt.sent_at, attempt.ended_at});
    if (!suspect || !gated()) return;
    if (refused) close(state, attempt.reason);
    state.ask = true;
    state.wake.request_stop();
  });
}

}  // namespace ipw::replay
