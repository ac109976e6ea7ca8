#include "exporter/accounting/accountant.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support/attempts.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"

namespace ipw {
namespace {

using namespace testing;
using namespace std::chrono_literals;

// A store that keeps what it gets, and can be out of order. Thread-safe.
class MemoryStore final : public RecordStore {
 public:
  Result<void> append(const std::vector<AttemptRecord>& records) override {
    std::lock_guard lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      return Error{Errc::retry, "the disk is full"};
    }
    records_.insert(records_.end(), records.begin(), records.end());
    return {};
  }
  Result<void> judge(const std::vector<LateVerdict>& verdicts) override {
    std::lock_guard lock(mutex_);
    verdicts_.insert(verdicts_.end(), verdicts.begin(), verdicts.end());
    return {};
  }
  std::vector<LateVerdict> verdicts() const {
    std::lock_guard lock(mutex_);
    return verdicts_;
  }
  void fail(int times) {
    std::lock_guard lock(mutex_);
    failures_ = times;
  }
  std::vector<AttemptRecord> records() const {
    std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<AttemptRecord> records_;
  std::vector<LateVerdict> verdicts_;
  int failures_{0};
};

LedgerTarget make_target(std::vector<EnergyLabels> scopes = {}) {
  LedgerTarget target;
  target.info.name = "local";
  target.metered_scopes = std::move(scopes);
  return target;
}

Accountant::Parts parts(const Clock& clock, RecordStore& store) {
  return {.targets = {make_target()},
          .books = {},
          .rig = nullptr,
          .store = &store,
          .clock = &clock,
          .anchor = WallAnchor{clock.now(), WallTime{}},
          .on_record = {}};
}

// One judged query, reported as a replayer does.
std::shared_ptr<const replay::Attempt> report(const replay::EventSink& sink,
                                              std::shared_ptr<const replay::Attempt> attempt) {
  sink(started(*attempt));
  sink(replay::Finished{attempt});
  sink(replay::Judged{attempt, {replay::VerdictKind::correct, 1, "because"}});
  return attempt;
}

TEST(Accountant, WithoutPowerEverythingElseWorks) {
  FakeClock clock;
  clock.advance(100s);
  MemoryStore store;
  std::atomic<int> heard{0};
  auto wanted = parts(clock, store);
  wanted.on_record = [&](const AttemptRecord&) { ++heard; };
  Accountant accountant(std::move(wanted));
  EXPECT_EQ(accountant.snapshot()->targets.size(), 1U) << "from the start";
  for (int i = 0; i < 1000; ++i)
    report(accountant.sink(), make_attempt(make_query({.id = std::to_string(i)}), {1, 3, {2, 3}}));
  ASSERT_TRUE(accountant.close());
  EXPECT_EQ(store.records().size(), 1000U);
  EXPECT_EQ(heard, 1000);
  EXPECT_TRUE(store.records()[0].energy.empty()) << "unknown is not 0";
  const auto snapshot = accountant.snapshot();
  EXPECT_EQ(snapshot->targets[0].queries[0], 1000U);
  EXPECT_GT(snapshot->process.resident_bytes, 1000U);
  EXPECT_GT(snapshot->process.open_fds, 2U);
  EXPECT_GT(snapshot->process.start_time, 1.6e9);
  EXPECT_TRUE(accountant.close()) << "a second close says the same";
}

TEST(Accountant, ManyProducersLoseNothing) {
  FakeClock clock;
  clock.advance(100s);
  MemoryStore store;
  Accountant accountant(parts(clock, store));
  {
    std::vector<std::jthread> producers;
    for (int p = 0; p < 8; ++p)
      producers.emplace_back([&, p] {
        for (int i = 0; i < 500; ++i)
          report(accountant.sink(), make_attempt(make_query({.id = std::to_string(p * 1000 + i)}), {1, 3, {2, 3}}));
      });
  }
  ASSERT_TRUE(accountant.close());
  EXPECT_EQ(store.records().size(), 4000U);
  EXPECT_EQ(accountant.snapshot()->targets[0].in_flight, 0U);
}

TEST(Accountant, RecordsWaitForAStoreThatFails) {
  FakeClock clock;
  clock.advance(100s);
  MemoryStore store;
  store.fail(1);
  Accountant accountant(parts(clock, store));
  report(accountant.sink(), make_attempt(make_query({.id = "first"}), {1, 3, {2, 3}}));
  // The first try fails while it runs or at the close: both are tried once more there.
  while (accountant.snapshot()->targets[0].queries[0] == 0) std::this_thread::yield();
  report(accountant.sink(), make_attempt(make_query({.id = "second"}), {1, 3, {2, 3}}));
  ASSERT_TRUE(accountant.close());
  EXPECT_EQ(store.records().size(), 2U) << "none lost, none twice";
}

TEST(Accountant, CloseTellsWhatCouldNotBeStored) {
  FakeClock clock;
  clock.advance(100s);
  MemoryStore store;
  store.fail(1000);
  Accountant accountant(parts(clock, store));
  report(accountant.sink(), make_attempt(make_query(), {1, 3, {2, 3}}));
  const auto closed = accountant.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().message, "1 records could not be stored and are lost: the disk is full");
}

// The real rig, sampling a simulated device of 300 W every 10 ms.
TEST(Accountant, JoulesOfARealRig) {
  const SteadyClock clock;
  const probes::ProbeEnvironment environment{"/", &clock};
  auto rig = probes::Rig::open({options_from("type: simulated\nwatts: 300")}, environment, Seconds{0.01}, Seconds{60});
  ASSERT_TRUE(rig) << rig.error().message;
  const auto meters = (*rig)->topology().meters({});
  ASSERT_TRUE(meters) << meters.error().message;
  MemoryStore store;
  auto wanted = parts(clock, store);
  wanted.rig = rig->get();
  std::vector<EnergyLabels> scopes;
  for (const auto& meter : *meters) {
    wanted.books.push_back({meter, {0}, {}});
    scopes.emplace_back(meter.scope, meter.quality);
  }
  wanted.targets = {make_target(scopes)};
  wanted.rates = {.carbon = std::make_shared<EnergyRate>(400.0), .electricity = {}, .currency = {}};
  Accountant accountant(std::move(wanted));

  const auto channel = meters->at(0).channels.at(0);
  while (!(*rig)->timeline().covered_until(channel)) std::this_thread::yield();
  auto attempt = std::make_shared<replay::Attempt>(*make_attempt(make_query(), {}));
  const auto sink = accountant.sink();
  attempt->scheduled_at = attempt->sent_at = clock.now();
  sink(started(*attempt));
  clock.sleep_until(attempt->sent_at + 200ms, {});
  attempt->ended_at = clock.now();
  sink(replay::Finished{attempt});
  sink(replay::Judged{attempt, {replay::VerdictKind::unanswered, 0, ""}});
  ASSERT_TRUE(accountant.close());

  const auto records = store.records();
  ASSERT_EQ(records.size(), 1U);
  ASSERT_FALSE(records[0].energy.empty());
  EXPECT_EQ(records[0].energy[0].validity, Validity::ok);
  const double truth = 300 * between(attempt->sent_at, attempt->ended_at).value;
  EXPECT_NEAR(records[0].energy[0].gross.value, truth, 0.01 * truth);

  const auto snapshot = accountant.snapshot();
  ASSERT_FALSE(snapshot->channels.empty());
  EXPECT_TRUE(snapshot->channels[0].up);
  EXPECT_EQ(snapshot->books.at(0).channels, std::vector<std::string>{"simulated/sim0"});
  EXPECT_NEAR(snapshot->books[0].shares[static_cast<std::size_t>(Share::query)].value, truth, 0.01 * truth);
  EXPECT_EQ(snapshot->carbon.value().per_kwh, 400);
  EXPECT_FALSE(snapshot->electricity);
  EXPECT_DOUBLE_EQ(snapshot->targets[0].billed.at(scopes[0]).grams, at_rate(records[0].energy[0].gross, 400));
}

}  // namespace
}  // namespace ipw
