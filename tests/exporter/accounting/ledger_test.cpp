#include "exporter/accounting/ledger.hpp"

#include <gtest/gtest.h>

#include "exporter/accounting/statistics.hpp"
#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;
using replay::Outcome;
using replay::VerdictKind;

const EnergyLabels kAccelerator{probes::Scope::accelerator, probes::Quality::measured};
const WallAnchor kAnchor{at(0), WallTime{std::chrono::hours(24)}};

LedgerTarget make_target() {
  LedgerTarget target;
  target.info = {"local", "llama", "gpu", "corpus", "http://127.0.0.1", "openai", "local", false};
  target.metered_scopes = {kAccelerator};
  return target;
}

// A ledger with one target on one device that draws 300 W, and what happened at it.
class Books {
 public:
  explicit Books(LedgerTarget target = make_target())
      : attributor_({make_book({0}, {0}, Watts{100})}, at(0)),
        ledger_({std::move(target)}, {make_book({0}, {0}, Watts{100})}, kAnchor) {
    feed(timeline_, 0, 300, 0, 100);
  }
  void start(const replay::Attempt& attempt) {
    attributor_.on(started(attempt));
    ledger_.on(started(attempt));
  }
  void finish(const std::shared_ptr<const replay::Attempt>& attempt) {
    attributor_.on(replay::Finished{attempt});
    ledger_.on(replay::Finished{attempt});
  }
  void run(const std::shared_ptr<const replay::Attempt>& attempt) {
    start(*attempt);
    finish(attempt);
  }
  void judge(const std::shared_ptr<const replay::Attempt>& attempt, VerdictKind kind, double score = 0) {
    ledger_.on(replay::Judged{attempt, {kind, score, "because"}});
  }
  void on(const auto& event) { ledger_.on(event); }
  std::vector<AttemptRecord> book(double until) { return ledger_.book(attributor_.settle(timeline_, at(until))); }
  Snapshot snapshot(double now = 100) const { return ledger_.snapshot(at(now)); }
  std::vector<LateVerdict> late_verdicts() { return ledger_.late_verdicts(); }
  TargetSnapshot target() const { return snapshot().targets.at(0); }

 private:
  probes::PowerTimeline timeline_{1, Seconds{600}};
  Attributor attributor_;
  Ledger ledger_;
};

const Slice kMath{"math", "en"};

TEST(Ledger, EveryKnownSeriesExistsAtZeroFromTheStart) {
  auto target = make_target();
  target.slices = {kMath, {"law", "de"}};
  target.pricing = Pricing{1, 2};
  const auto counts = Books(target).target();
  EXPECT_EQ(counts.verdicts.size(), 2U);
  EXPECT_EQ(counts.energy.at(kAccelerator).metered.size(), 2U);
  EXPECT_EQ(counts.cost_usd, 0);
  EXPECT_EQ(counts.energy.size(), 1U) << "what is not metered has no entry";
  EXPECT_FALSE(Books().target().cost_usd) << "no prices, no cost";
}

TEST(Ledger, AMeteredQueryAdvancesEverythingTogether) {
  Books books;
  const auto refused = make_attempt(make_query(), {1, 2, {}, {}, {}, Outcome::http_5xx, false});
  const auto answered = make_attempt(refused->query, {3, 7, {4, 5, 7}, 100, 21, Outcome::ok, true, 2});
  books.run(refused);
  books.run(answered);
  EXPECT_TRUE(books.book(10).empty()) << "not judged yet: records of a query come together";
  EXPECT_EQ(books.target().energy.at(kAccelerator).metered.at(kMath).queries, 0U);
  EXPECT_EQ(books.target().judgements_pending, 1U);
  books.judge(answered, VerdictKind::correct, 1);

  const auto counts = books.target();
  const auto& energy = counts.energy.at(kAccelerator);
  const auto& metered = energy.metered.at(kMath);
  EXPECT_EQ(metered.queries, 1U);
  EXPECT_EQ(metered.score, 1);
  EXPECT_NEAR(metered.energy.value, 300 * 5, 1e-6) << "all its attempts";
  EXPECT_NEAR(metered.seconds.value, 5, 1e-9);
  EXPECT_NEAR(metered.watts, 300, 1e-6);
  EXPECT_NEAR(energy.active.value, 200 * 5, 1e-6);
  EXPECT_NEAR((energy.prefill + energy.decode).value, 200 * 5, 1e-6);
  EXPECT_EQ(energy.query_joules.count(), 1U);
  EXPECT_NEAR(energy.query_joules.sum(), 1500, 1e-6);
  EXPECT_NEAR(energy.query_watts.sum(), 300, 1e-6);
  EXPECT_EQ(counts.judgements_pending, 0U);
  EXPECT_EQ(counts.queries[static_cast<std::size_t>(Outcome::ok)], 1U);
  EXPECT_EQ(counts.attempts[static_cast<std::size_t>(Outcome::http_5xx)], 1U);
  EXPECT_EQ(counts.verdicts.at(kMath).by_kind[static_cast<std::size_t>(VerdictKind::correct)], 1U);
  EXPECT_EQ(counts.verdicts.at(kMath).score, 1);
  EXPECT_EQ(counts.last_query, kAnchor.wall(at(7)));
}

TEST(Ledger, RecordsAreWholeAndComeTogether) {
  auto target = make_target();
  target.pricing = Pricing{10, 20};
  Books books(target);
  const auto refused = make_attempt(make_query({.id = "q7", .cycle = 3}), {1, 2, {}, {}, {}, Outcome::http_5xx, false});
  const auto answered = make_attempt(refused->query, {3, 7, {4, 5, 7}, 100, 21, Outcome::ok, true, 2});
  books.run(refused);
  books.run(answered);
  books.judge(answered, VerdictKind::wrong, 0.25);
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, refused->id);
  EXPECT_FALSE(records[0].final);
  EXPECT_FALSE(records[0].verdict);
  EXPECT_FALSE(records[0].cost_usd) << "unknown is not 0";
  EXPECT_EQ(records[0].outcome_reason, "it failed");
  EXPECT_NEAR(records[0].energy.at(0).gross.value, 300, 1e-6);

  const auto& last = records[1];
  EXPECT_EQ(last.query_id, "q7");
  EXPECT_EQ(last.target + last.model + last.accelerator + last.corpus, "localllamagpucorpus");
  EXPECT_EQ(last.subject + last.language, "mathen");
  EXPECT_EQ(last.cycle, 3U);
  EXPECT_EQ(last.attempt, 2);
  EXPECT_EQ(last.verdict, VerdictKind::wrong);
  EXPECT_EQ(last.score, 0.25);
  EXPECT_EQ(last.verdict_reason, "because");
  EXPECT_NEAR(last.duration->value, 4, 1e-9);
  EXPECT_NEAR(last.time_to_first_token->value, 1, 1e-9);
  EXPECT_EQ(last.sent_at, kAnchor.wall(at(3)));
  EXPECT_NEAR(*last.cost_usd, (100 * 10 + 21 * 20) / 1e6, 1e-12);
  EXPECT_EQ(last.concurrency, 1);
  EXPECT_EQ(last.answer, "B");
}

TEST(Ledger, WhatIsNotCounted) {
  struct Case {
    const char* name;
    QueryPlan query;
    AttemptPlan attempt;
    std::size_t records, queries, attempts;
  } const cases[] = {
      {"warm-up", {.warmup = true}, {1, 3, {2, 3}, 10, 10}, 0, 0, 0},
      {"cancelled", {}, {1, 3, {2, 3}, 10, 10, Outcome::cancelled}, 1, 1, 1},
  };
  for (const auto& c : cases) {
    Books books;
    books.run(make_attempt(make_query(c.query), c.attempt));
    EXPECT_EQ(books.book(10).size(), c.records) << c.name;
    const auto counts = books.target();
    std::uint64_t queries = 0, attempts = 0;
    for (const auto n : counts.queries) queries += n;
    for (const auto n : counts.attempts) attempts += n;
    EXPECT_EQ(queries, c.queries) << c.name;
    EXPECT_EQ(attempts, c.attempts) << c.name;
    EXPECT_EQ(counts.judgements_pending, 0U) << c.name;
    EXPECT_EQ(counts.duration.count() + counts.concurrency.count(), 0U) << c.name;
    EXPECT_EQ(counts.energy.at(kAccelerator).query_joules.count(), 0U) << c.name;
    EXPECT_EQ(counts.in_flight, 0U) << c.name;
  }
}

TEST(Ledger, InvalidEnergyIsJudgedButNotMetered) {
  Books books;
  const auto beyond = make_attempt(make_query(), {1.01, 1.012, {1.011}, 10, 10});
  books.run(beyond);
  books.judge(beyond, VerdictKind::correct, 1);
  EXPECT_EQ(books.book(10).size(), 1U);
  EXPECT_EQ(books.target().verdicts.at(kMath).all(), 1U);
  EXPECT_EQ(books.target().energy.at(kAccelerator).metered.at(kMath).queries, 0U);
}

TEST(Ledger, LatenciesAreOfAnsweredQueriesOnly) {
  Books books;
  books.run(make_attempt(make_query(), {1, 5, {2, 3, 5}, 10, 31}));
  books.run(make_attempt(make_query({.id = "cut"}), {1, 5, {2, 3}, {}, {}, Outcome::stream_cut}));
  const auto counts = books.target();
  EXPECT_EQ(counts.duration.count(), 1U);
  EXPECT_NEAR(counts.duration.sum(), 4, 1e-9);
  EXPECT_NEAR(counts.first_token.sum(), 1, 1e-9);
  EXPECT_EQ(counts.inter_token.count(), 2U);
  EXPECT_NEAR(counts.inter_token.sum(), 3, 1e-9);
  EXPECT_NEAR(counts.per_output_token.sum(), 0.1, 1e-9) << "3 s over the 30 tokens after the first";
  ASSERT_EQ(counts.recent_failures.size(), 1U);
  EXPECT_EQ(counts.recent_failures[0].query_id, "cut");
  EXPECT_FALSE(counts.up) << "the latest query was not answered";
}

TEST(Ledger, TokenKindsAreDisjoint) {
  Books books;
  auto attempt = std::make_shared<replay::Attempt>(*make_attempt(make_query(), {1, 5, {2, 3}, 100, 50}));
  attempt->usage.cached_tokens = 30;
  attempt->usage.reasoning_tokens = 40;
  books.run(attempt);
  const auto tokens = books.target().tokens;
  EXPECT_EQ(tokens.input, 70U);
  EXPECT_EQ(tokens.cached, 30U);
  EXPECT_EQ(tokens.reasoning, 40U);
  EXPECT_EQ(tokens.output, 10U);
}

TEST(Ledger, SixtyFourSlicesAreKeptApart) {
  Books books;
  for (int i = 0; i < 100; ++i) {
    const auto attempt =
        make_attempt(make_query({.id = std::to_string(i), .subject = std::to_string(i)}), {1, 3, {2, 3}, 9, 9});
    books.run(attempt);
    books.judge(attempt, VerdictKind::correct, 1);
  }
  (void)books.book(10);
  const auto counts = books.target();
  EXPECT_EQ(counts.verdicts.size(), 65U);
  EXPECT_EQ(counts.verdicts.at({"other", "other"}).all(), 36U);
  EXPECT_EQ(counts.energy.at(kAccelerator).metered.at({"other", "other"}).queries, 36U);
}

TEST(Ledger, FailuresAreKeptWithinBounds) {
  Books books;
  for (int i = 0; i < 30; ++i)
    books.run(make_attempt(make_query({.id = std::to_string(i)}), {1, 3, {}, {}, {}, Outcome::http_429}));
  const auto failures = books.target().recent_failures;
  ASSERT_EQ(failures.size(), 20U);
  EXPECT_EQ(failures.front().query_id, "29") << "newest first";
}

TEST(Ledger, FailuresOfTheJournalAreShownUntilNewerOnesPushThemOut) {
  auto target = make_target();
  target.failures.resize(Ledger::kFailures);
  for (auto& failure : target.failures) failure.query_id = "earlier";
  Books books(target);
  EXPECT_EQ(books.target().recent_failures.size(), Ledger::kFailures);
  books.run(make_attempt(make_query({.id = "fine"}), {1, 3, {2, 3}}));
  books.run(make_attempt(make_query({.id = "late"}), {1, 3, {}, {}, {}, Outcome::http_429}));
  const auto failures = books.target().recent_failures;
  ASSERT_EQ(failures.size(), Ledger::kFailures);
  EXPECT_EQ(failures[0].query_id, "late");
  EXPECT_EQ(failures[1].query_id, "earlier");
  EXPECT_EQ(books.target().recent_attempts.size(), 2U);
}

TEST(Ledger, CyclesGoOnWhereTheJournalEnded) {
  auto target = make_target();
  target.first_cycle = 4;
  target.done_before = 10;
  Books books(target);
  books.run(make_attempt(make_query({.id = "a", .cycle = 4}), {1, 3, {2, 3}}));
  EXPECT_EQ(books.target().cycle_done, 11U);
  books.run(make_attempt(make_query({.id = "b", .cycle = 5}), {4, 6, {5, 6}}));
  EXPECT_EQ(books.target().cycle, 5U);
  EXPECT_EQ(books.target().cycle_done, 1U);
}

TEST(Ledger, TheBooksShowHowFarTheyAreBehind) {
  Books books;
  books.start(*make_attempt(make_query(), {6, 50, {}}));
  (void)books.book(20);
  const auto snapshot = books.snapshot(20);
  EXPECT_NEAR(snapshot.books.at(0).lag.value, 14, 1e-9);
  EXPECT_NEAR(snapshot.books.at(0).metered.value, 1800, 1e-6) << "cut at the watermark";
  EXPECT_EQ(snapshot.targets.at(0).in_flight, 1U);
}

TEST(Ledger, APauseIsShownWithItsReasonUntilItEnds) {
  Books books;
  EXPECT_FALSE(books.target().paused);
  books.on(replay::Paused{0, at(1), replay::PauseReason::load, "others"});
  EXPECT_EQ(books.target().paused, replay::PauseReason::load);
  EXPECT_EQ(books.target().paused_why, "others");
  EXPECT_TRUE(books.target().up) << "a busy server is up";
  books.on(replay::Paused{0, at(2), replay::PauseReason::not_ready, "gone"});
  EXPECT_FALSE(books.target().up);
  books.on(replay::Paused{0, at(3), {}, {}});
  EXPECT_FALSE(books.target().paused);
  EXPECT_TRUE(books.target().up);
}

TEST(Ledger, TheValidityOfEveryQueryIsCounted) {
  Books books;
  const auto& validity = [&] { return books.target().energy.at(kAccelerator).validity; };
  EXPECT_EQ(validity(), (std::array<std::uint64_t, kValidities>{}));
  const auto one = make_attempt(make_query({.id = "ok"}), {1, 3, {2, 3}});
  auto beside = std::make_shared<replay::Attempt>(*make_attempt(make_query({.id = "shared"}), {5, 8, {6, 7}}));
  beside->load.foreign = 1;
  const auto cancelled = make_attempt(make_query({.id = "none"}), {9, 10, {}, {}, {}, replay::Outcome::cancelled});
  for (const std::shared_ptr<const replay::Attempt>& attempt : {one, std::shared_ptr<const replay::Attempt>(beside)}) {
    books.run(attempt);
    books.judge(attempt, VerdictKind::correct, 1);
  }
  books.run(cancelled);
  (void)books.book(50);
  EXPECT_EQ(validity(), (std::array<std::uint64_t, kValidities>{1, 1, 0, 0, 0})) << "what was cancelled does not count";
  const auto target = books.target();
  EXPECT_EQ(target.verdicts.begin()->second.score, 2) << "a query whose energy is invalid counts for accuracy";
  EXPECT_EQ(target.energy.at(kAccelerator).metered.begin()->second.queries, 1U) << "and for no ratio";
}

TEST(Ledger, TheServersOwnCountsAreShownAndGoWithTheRecord) {
  Books books;
  books.on(replay::LoadSeen{0, 5, {}});
  EXPECT_EQ(books.target().server_running, 5);
  EXPECT_FALSE(books.target().server_waiting) << "unknown is not 0";
  auto attempt = *make_attempt(make_query(), {.sent = 1, .ended = 2});
  attempt.load = {.running = 5, .waiting = {}, .foreign = 4};
  const auto shared = std::make_shared<const replay::Attempt>(attempt);
  books.run(shared);
  books.judge(shared, VerdictKind::correct, 1);
  const auto records = books.book(50);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].load, attempt.load);
}

TEST(Ledger, ADeferredVerdictHoldsNoRecordUp) {
  auto target = make_target();
  target.extra_slices = {"level"};
  Books books(target);
  auto item = std::make_shared<replay::CorpusItem>();
  item->id = "q";
  item->metadata = {{"level", "\"hard\""}};
  const auto query = std::make_shared<const replay::Query>(replay::Query{std::move(item), 0, 0, {}});
  const auto attempt = make_attempt(query, {1, 3, {2, 3}, 10, 10});
  books.run(attempt);
  books.on(replay::JudgementDeferred{attempt});
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_FALSE(records[0].verdict);
  EXPECT_EQ(records[0].slices, (std::vector<Slice>{{"level", "hard"}}));
  EXPECT_EQ(books.target().judgements_pending, 1U);
  EXPECT_EQ(books.target().energy.at(kAccelerator).metered.begin()->second.queries, 0U) << "metered queries are judged";

  books.on(replay::Judged{attempt, {VerdictKind::correct, 1, "yes"}, "llm", VerdictKind::wrong});
  EXPECT_TRUE(books.book(11).empty()) << "it has its record";
  const auto late = books.late_verdicts();
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].attempt_id, attempt->id);
  EXPECT_EQ(late[0].verdict.kind, VerdictKind::correct);
  EXPECT_EQ(late[0].judge, "llm");
  EXPECT_EQ(late[0].control, VerdictKind::wrong);
  EXPECT_TRUE(books.late_verdicts().empty());
  const auto counts = books.target();
  EXPECT_EQ(counts.judgements_pending, 0U);
  EXPECT_EQ(counts.energy.at(kAccelerator).metered.begin()->second.queries, 1U);
  EXPECT_EQ(counts.extra.at({"level", "hard"}).score, 1);
  EXPECT_EQ(counts.agreement.wrong_passed, 1U);
}

TEST(Ledger, AVerdictThatComesBeforeTheEnergyIsInTheRecord) {
  Books books;
  const auto attempt = make_attempt(make_query(), {1, 3, {2, 3}, 10, 10});
  books.run(attempt);
  books.on(replay::JudgementDeferred{attempt});
  books.judge(attempt, VerdictKind::correct, 1);
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].verdict, VerdictKind::correct);
  EXPECT_TRUE(books.late_verdicts().empty());
}

TEST(Ledger, CountsTheFailuresBeforeTheFirstSuccess) {
  auto target = make_target();
  target.until_success = 3;
  Books books(target);
  double now = 1;
  // How many answers were wrong, and whether the last was right.
  for (const auto& [wrong, solved] : {std::pair(0, true), {2, true}, {1, true}, {3, false}}) {
    const auto query = make_query({.id = "q" + std::to_string(now)});
    for (int number = 1; number <= wrong + (solved ? 1 : 0); ++number, now += 2) {
      const bool right = number > wrong, last = right || number == 3;
      auto attempt = std::make_shared<replay::Attempt>(
          *make_attempt(query, {.sent = now, .ended = now + 1, .chunks = {now + 1}, .final = last, .number = number}));
      attempt->verdict = replay::Verdict{right ? VerdictKind::correct : VerdictKind::wrong, right ? 1.0 : 0.0, "so"};
      books.run(attempt);
      if (last) books.judge(attempt, attempt->verdict->kind, attempt->verdict->score);
    }
  }
  const auto records = books.book(now + 1);
  EXPECT_EQ(records.size(), 1U + 3 + 2 + 3);
  for (const auto& record : records) EXPECT_TRUE(record.verdict) << "each try has its verdict";
  const auto counts = books.target();
  ASSERT_TRUE(counts.failures);
  EXPECT_EQ(counts.failures->counts()[0], 1U);
  EXPECT_EQ(counts.failures->counts()[1], 1U);
  EXPECT_EQ(counts.failures->counts()[2], 1U);
  EXPECT_EQ(counts.never_solved, 1U);
  EXPECT_EQ(all_verdicts(counts).all(), 4U) << "a query has one verdict";
}

TEST(Ledger, TheJudgesRequestsAreItsOwn) {
  const std::vector<Book> no_books;
  Ledger ledger({make_target()}, no_books, kAnchor, JudgeCounts({"gpt", "http://judge", {}}, Pricing{1e6, 2e6}));
  auto item = std::make_shared<replay::CorpusItem>();
  const auto query =
      std::make_shared<const replay::Query>(replay::Query{std::move(item), 1, 0, replay::Purpose::judge});
  const auto attempt = make_attempt(query, {1, 3, {2, 3}, 10, 20});
  ledger.on(started(*attempt));
  ledger.on(replay::Finished{attempt});
  const auto snapshot = ledger.snapshot(at(5));
  ASSERT_TRUE(snapshot.judge);
  EXPECT_EQ(snapshot.judge->requests[static_cast<std::size_t>(Outcome::ok)], 1U);
  EXPECT_EQ(snapshot.judge->tokens.output, 20U);
  EXPECT_EQ(snapshot.judge->cost_usd, 10 + 40);
  EXPECT_EQ(snapshot.targets[0].tokens.output, 0U);
  EXPECT_EQ(snapshot.targets[0].in_flight, 0U);
}

}  // namespace
}  // namespace ipw
