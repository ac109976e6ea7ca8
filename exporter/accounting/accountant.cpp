#include "exporter/accounting/accountant.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "exporter/accounting/rig_snapshot.hpp"
#include "exporter/process.hpp"

namespace ipw {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQueueCapacity = 8192;
// While records cannot be stored, so many are kept; then events are no longer taken, and replay waits for the disk.
constexpr std::size_t kMostUnstored = 10000;
constexpr auto kSettleEvery = 100ms;
constexpr auto kPublishEvery = 250ms;
constexpr auto kStoreAgainAfter = 1s;
constexpr Seconds kCoverWithin{1}, kCoverWithinAtMost{60};
constexpr double kUpdatesToCover = 4;  // what a slow sensor shows is certain some updates later
constexpr auto kCoverCheck = 10ms;
// A worker takes the time of a start and then queues it. The books stay this far behind, so that a start does not fall
// into time that is booked already.
constexpr auto kEventsArriveWithin = 250ms;

std::vector<std::vector<EnergyLabels>> scopes_of(const std::vector<LedgerTarget>& targets) {
  std::vector<std::vector<EnergyLabels>> scopes;
  scopes.reserve(targets.size());
  for (const auto& target : targets) scopes.push_back(target.metered_scopes);
  return scopes;
}

}  // namespace

Accountant::Accountant(Parts parts)
    : parts_(std::move(parts)),
      attributor_(parts_.books, parts_.clock->now(), parts_.server_of),
      ledger_(parts_.targets, parts_.books, parts_.anchor, parts_.judge),
      bill_(parts_.rates, scopes_of(parts_.targets)),
      queue_(kQueueCapacity),
      device_facts_(parts_.targets.size()),
      published_(std::make_shared<const Snapshot>()) {
  if (parts_.regressions != nullptr)
    for (std::size_t i = 0; i < parts_.targets.size(); ++i)
      ledger_.begin_epoch(i, parts_.clock->now(), parts_.regressions->epoch(i));
  publish();
  thread_ = std::jthread([this] { run(); });
}

Accountant::~Accountant() {
  if (!thread_.joinable()) return;  // whoever closed was told
  if (const auto closed = close(); !closed) log_error(closed.error().message);
}

replay::EventSink Accountant::sink() {
  return [this](replay::AttemptEvent event) {
    const bool edge = std::holds_alternative<replay::Started>(event) || std::holds_alternative<replay::Finished>(event);
    queue_.push(std::move(event));
    if (edge && parts_.rig != nullptr) parts_.rig->nudge();
  };
}

Result<void> Accountant::close() {
  drain();
  queue_.close();
  if (thread_.joinable()) thread_.join();
  if (unstored_.empty() && unstored_verdicts_.empty()) return {};
  return Error{Errc::retry, std::to_string(unstored_.size() + unstored_verdicts_.size()) +
                                " records could not be stored and are lost: " + store_error_};
}

// Cadence is real time, whatever clock stamps the books: a test's clock may stand still.
void Accountant::run() {
  auto settle_at = std::chrono::steady_clock::now();
  auto publish_at = settle_at + kPublishEvery;
  std::vector<replay::AttemptEvent> events;
  for (bool open = true; open;) {
    // Taken before the events are: what starts later is later.
    const auto limit = parts_.clock->now() - kEventsArriveWithin;
    if (unstored_.size() < kMostUnstored || draining_)
      open = queue_.pop_all(events, settle_at);
    else
      SteadyClock().sleep_until(settle_at, {});
    for (const auto& event : events) take(event);
    events.clear();
    const auto now = std::chrono::steady_clock::now();
    if (now < settle_at) continue;
    settle(limit);
    settle_at = now + kSettleEvery;
    if (now < publish_at) continue;
    publish();
    publish_at = now + kPublishEvery;
  }
  settle_rest();
  publish();
}

void Accountant::take(const replay::AttemptEvent& event) {
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { ledger_.on(e); }) ledger_.on(e);
      },
      event);
  if (const auto* paused = std::get_if<replay::Paused>(&event)) log_pause(*paused);
  if (const auto* seen = std::get_if<replay::IdentitySeen>(&event))
    learn(seen->target, "server", seen->identity, seen->at);
  if (const auto* started = std::get_if<replay::Started>(&event)) attributor_.on(*started);
  if (const auto* finished = std::get_if<replay::Finished>(&event)) attributor_.on(*finished);
  if (const auto* load = std::get_if<replay::LoadSeen>(&event)) attributor_.on(*load);
}

void Accountant::log_pause(const replay::Paused& event) const {
  const auto& target = parts_.targets[event.target].info.name;
  if (!event.reason) return log_info("replay goes on", {{"target", target}});
  const auto level = event.reason == replay::PauseReason::not_ready ? LogLevel::warn : LogLevel::info;
  log(level, "replay is paused",
      {{"target", target}, {"reason", std::string(to_text(*event.reason))}, {"because", event.why}});
}

void Accountant::learn(std::size_t target, const std::string& source, const Facts& facts, MonoTime at) {
  if (parts_.regressions == nullptr) return;
  if (parts_.regressions->learn(target, source, facts, parts_.anchor.wall(at)))
    ledger_.begin_epoch(target, at, parts_.regressions->epoch(target));
}

// Of the devices that a target's accelerator scope is made of.
void Accountant::learn_devices(const std::vector<DeviceSnapshot>& devices) {
  for (std::size_t target = 0; target < device_facts_.size(); ++target) {
    std::set<std::string> ids;
    for (const auto& book : parts_.books)
      if (book.meter.scope == probes::Scope::accelerator && std::ranges::count(book.targets, target) > 0)
        ids.insert(book.meter.device.id);
    const auto now = parts_.clock->now();
    if (const auto facts = device_facts_[target].see(facts_of(devices, ids), now)) learn(target, "device", *facts, now);
  }
}

// What regressions are made of, once it is stored: the watch may read it there again.
void Accountant::follow() {
  if (parts_.regressions == nullptr || !unstored_.empty() || !unstored_verdicts_.empty()) return;
  for (const auto& query : std::exchange(unfollowed_, {})) parts_.regressions->add(target_of(query), query);
}

std::size_t Accountant::target_of(const CompletedQuery& query) const {
  const auto target = std::ranges::find(parts_.targets, query.target, [](const auto& t) { return t.info.name; });
  return static_cast<std::size_t>(target - parts_.targets.begin());
}

void Accountant::settle(MonoTime limit) {
  if (loads_ended_) attributor_.end_of_loads();
  auto records = ledger_.book(attributor_.settle(timeline(), limit));
  std::ranges::move(records, std::back_inserter(unstored_));
  std::ranges::move(ledger_.late_verdicts(), std::back_inserter(unstored_verdicts_));
  for (auto& query : ledger_.completed()) complete(std::move(query));
  if (parts_.rig != nullptr) parts_.rig->forget_before(attributor_.watermark());
  if (std::chrono::steady_clock::now() >= store_at_) store();
  follow();
}

// How long the meters may take to cover an instant.
Seconds Accountant::cover_time() const {
  auto slowest = kCoverWithin;
  if (parts_.rig == nullptr) return slowest;
  for (const auto& channel : parts_.rig->status())
    if (channel.up) slowest = std::max(slowest, channel.update_period.value_or(Seconds{0}) * kUpdatesToCover);
  return std::min(slowest, kCoverWithinAtMost);
}

// No event comes any more. The meters get a moment to cover the last end, and what they do not cover is booked as a
// gap.
void Accountant::settle_rest() {
  const auto deadline = std::chrono::steady_clock::now() + to_chrono(cover_time());
  const SteadyClock steady;
  end_loads();
  for (settle(parts_.clock->now()); attributor_.has_open() && std::chrono::steady_clock::now() < deadline;
       settle(parts_.clock->now())) {
    if (parts_.rig != nullptr) parts_.rig->nudge();
    steady.sleep_until(std::chrono::steady_clock::now() + kCoverCheck, {});
  }
  if (attributor_.has_open()) {
    attributor_.end();
    settle(parts_.clock->now());
  }
  store();
  follow();
}

Result<void> Accountant::write() {
  if (parts_.store == nullptr) return {};
  if (auto ok = parts_.store->append(unstored_); !ok) return ok;
  return parts_.store->judge(unstored_verdicts_);
}

void Accountant::store() {
  if (unstored_.empty() && unstored_verdicts_.empty()) return;
  const auto stored = write();
  if (!stored) {
    if (store_error_ != stored.error().message)
      log_error("cannot store records; they are kept in memory and tried again every second",
                {{"reason", stored.error().message}, {"records", std::to_string(unstored_.size())}});
    store_error_ = stored.error().message;
    store_at_ = std::chrono::steady_clock::now() + kStoreAgainAfter;
    return;
  }
  if (!store_error_.empty()) log_info("records can be stored again", {{"records", std::to_string(unstored_.size())}});
  store_error_.clear();
  for (const auto& record : unstored_) {
    charge_budgets(record);
    if (parts_.on_record) parts_.on_record(record);
  }
  unstored_.clear();
  unstored_verdicts_.clear();
}

void Accountant::charge_budgets(const AttemptRecord& record) {
  for (std::size_t i = 0; i < parts_.budgets.size(); ++i)
    if (parts_.budgets[i] && parts_.targets[i].info.name == record.target) parts_.budgets[i]->add(record);
}

void Accountant::complete(CompletedQuery query) {
  if (parts_.windows) parts_.windows->add(query);
  bill_.add(target_of(query), query, parts_.clock->now());
  if (parts_.regressions != nullptr) unfollowed_.push_back(std::move(query));
}

void Accountant::show_rates(Snapshot& snapshot) const {
  const auto now = parts_.clock->now();
  const auto& rates = bill_.rates();
  if (rates.carbon) snapshot.carbon = {rates.carbon->per_kwh(now), {}};
  if (rates.electricity) snapshot.electricity = {rates.electricity->per_kwh(now), rates.currency};
  for (std::size_t i = 0; i < snapshot.targets.size(); ++i)
    if (rates.carbon || rates.electricity) snapshot.targets[i].billed = bill_.of(i);
}

void Accountant::publish() {
  auto snapshot = std::make_shared<Snapshot>(ledger_.snapshot(parts_.clock->now()));
  for (std::size_t i = 0; parts_.windows && i < snapshot->targets.size(); ++i)
    snapshot->targets[i].windows = parts_.windows->figures(i, snapshot->at);
  show_rates(*snapshot);
  snapshot->process = read_process();
  for (std::size_t i = 0; i < parts_.budgets.size(); ++i)
    if (parts_.budgets[i]) snapshot->targets[i].budget_remaining = parts_.budgets[i]->remaining(parts_.clock->now());
  if (parts_.rig != nullptr) {
    snapshot->channels = channels_of(*parts_.rig);
    snapshot->devices = devices_of(*parts_.rig, published_.get()->devices);
    learn_devices(snapshot->devices);
    snapshot->samplers = samplers_of(*parts_.rig);
    for (const auto& sampler : snapshot->samplers) snapshot->process.sampler_missed_ticks += sampler.missed_ticks;
    for (std::size_t i = 0; i < snapshot->books.size(); ++i)
      for (const auto id : parts_.books[i].meter.channels) {
        const auto& channel = parts_.rig->topology().channels()[static_cast<std::size_t>(id)];
        snapshot->books[i].channels.push_back(channel.source + "/" + channel.channel.name);
      }
  }
  if (parts_.regressions != nullptr) {
    if (unfollowed_.empty()) parts_.regressions->tick(parts_.anchor.wall(parts_.clock->now()));
    for (std::size_t i = 0; i < snapshot->targets.size(); ++i)
      snapshot->targets[i].regression = parts_.regressions->state(i);
  }
  published_.set(std::move(snapshot));
}

const probes::PowerTimeline& Accountant::timeline() const {
  static const probes::PowerTimeline kNone{0, Seconds{0}};
  return parts_.rig != nullptr ? parts_.rig->timeline() : kNone;
}

}  // namespace ipw
