#include "exporter/accounting/attribution.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;
using probes::PowerTimeline;

Joules share_of(const Settlement& settlement, std::size_t book, Share share) {
  return settlement.shares[book][static_cast<std::size_t>(share)];
}

void run(Attributor& books, const std::shared_ptr<const replay::Attempt>& attempt) {
  books.on(started(*attempt));
  books.on(replay::Finished{attempt});
}

// One attempt in 10 s of 300 W.
Settlement booked(const QueryPlan& query, const AttemptPlan& plan, std::optional<Watts> floor = {}) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 10);
  Attributor books({make_book({0}, {0}, floor)}, at(0));
  run(books, make_attempt(make_query(query), plan));
  return books.settle(timeline, at(10));
}

TEST(Attribution, SequentialQueriesAtConstantPowerAreExact) {
  for (const double seconds : {0.5, 1.0, 1.013, 3.7}) {
    const auto settled = booked({}, {1.007, 1.007 + seconds, {1.2, 1.4}, 100, 20});
    ASSERT_EQ(settled.attempts.size(), 1U);
    const auto& energy = settled.attempts[0].energy.at(0);
    EXPECT_EQ(energy.validity, Validity::ok);
    EXPECT_NEAR(energy.gross.value, 300 * seconds, 1e-6) << seconds;
    EXPECT_NEAR(energy.mean_power.value, 300, 1e-6) << seconds;
    EXPECT_NEAR(energy.busy.value, seconds, 1e-9) << seconds;
    EXPECT_LT(energy.sd.value, 300 * 0.05) << seconds;
    EXPECT_EQ(settled.attempts[0].concurrency, 1);
    EXPECT_NEAR(share_of(settled, 0, Share::query).value, 300 * seconds, 1e-6);
    EXPECT_NEAR(share_of(settled, 0, Share::idle).value, 300 * (10 - seconds), 1e-6);
  }
}

TEST(Attribution, TheShareTellsWhatTheQueryWas) {
  struct Case {
    const char* name;
    QueryPlan query;
    AttemptPlan attempt;
    Share share;
  } const cases[] = {
      {"answered", {}, {1, 3, {2, 3}}, Share::query},
      {"a failure costs joules too", {}, {1, 3, {}, {}, {}, replay::Outcome::http_5xx}, Share::query},
      {"cancelled", {}, {1, 3, {2}, {}, {}, replay::Outcome::cancelled}, Share::cancelled},
      {"warm-up", {.warmup = true}, {1, 3, {2, 3}}, Share::warmup},
      {"shorter than the sensor can tell", {}, {1.01, 1.02, {1.015}}, Share::invalid},
  };
  for (const auto& c : cases) {
    const auto settled = booked(c.query, c.attempt, Watts{50});
    const double seconds = c.attempt.ended - c.attempt.sent;
    EXPECT_NEAR(share_of(settled, 0, c.share).value, 300 * seconds, 1e-6) << c.name;
    EXPECT_NEAR(share_of(settled, 0, Share::idle).value, 300 * (10 - seconds), 1e-6) << c.name;
    const auto& energy = settled.attempts.at(0).energy.at(0);
    EXPECT_NEAR(energy.active.value, 250 * seconds, 1e-6) << c.name;
    EXPECT_NEAR((energy.prefill + energy.decode).value, energy.active.value, 1e-9) << c.name;
  }
}

TEST(Attribution, SixteenAtOnceBalance) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 30);
  Attributor books({make_book({0}, {0}, Watts{80})}, at(0));
  for (int i = 0; i < 16; ++i) {
    const double sent = 1 + 0.37 * i;
    run(books, make_attempt(make_query({.id = std::to_string(i)}),
                            {sent, sent + 9, {sent + 1, sent + 2, sent + 9}, 50 + i, 30}));
  }
  const auto settled = books.settle(timeline, at(30));
  double gross = 0, busy = 0;
  for (const auto& attempt : settled.attempts) {
    gross += attempt.energy[0].gross.value;
    busy += attempt.energy[0].busy.value;
    EXPECT_NEAR(attempt.energy[0].mean_power.value, 300, 1e-6) << "the scope's, not the share's";
    EXPECT_GT(attempt.concurrency, 8);
  }
  const double ran = 9 + 0.37 * 15;
  EXPECT_EQ(settled.attempts.size(), 16U);
  EXPECT_NEAR(gross, 300 * ran, 1e-6);
  EXPECT_NEAR(busy, ran, 1e-9);
  EXPECT_NEAR(settled.metered[0].value, 9000, 1e-6);
  EXPECT_NEAR(share_of(settled, 0, Share::unattributed).value, 0, 1e-9);
}

TEST(Attribution, TheWatermarkWaits) {
  PowerTimeline timeline(2, Seconds{600});
  feed(timeline, 0, 300, 0, 10);
  Attributor books({make_book({0}, {0}), make_book({1}, {0}, {}, probes::Scope::node, "host")}, at(0));
  const auto first = make_attempt(make_query(), {2, 4, {}, {}, {}, replay::Outcome::http_5xx, false});
  const auto second = make_attempt(first->query, {5, 7, {6, 7}, {}, {}, replay::Outcome::ok, true, 2});

  books.on(started(*first));
  EXPECT_EQ(books.settle(timeline, at(3)).watermark, at(2))
      << "for the oldest attempt; a channel never read holds nothing up";
  books.on(replay::Finished{first});
  EXPECT_EQ(books.settle(timeline, at(4.5)).watermark, at(2)) << "for the retry";
  books.on(started(*second));
  books.on(replay::Finished{second});
  EXPECT_EQ(books.settle(timeline, at(6)).watermark, at(2)) << "for an end that is not yet due";
  const auto settled = books.settle(timeline, at(12));
  EXPECT_EQ(settled.watermark, at(10)) << "for the meter";
  ASSERT_EQ(settled.attempts.size(), 2U) << "together";
  EXPECT_FALSE(books.has_open());
  EXPECT_NEAR(settled.attempts[0].energy[0].gross.value, 600, 1e-6);
  EXPECT_EQ(settled.attempts[0].energy[1].validity, Validity::gap) << "the node's channel has no history";
}

TEST(Attribution, AGapSpoilsTheWholeQueryInThatScope) {
  PowerTimeline timeline(2, Seconds{600});
  feed(timeline, 0, 300, 0, 4);
  timeline.append_gap(channel(0), at(5), Joules{1234});
  for (double t = 5.05; t < 20; t += 0.05) timeline.append(channel(0), at(t), Joules{1234 + 300 * (t - 5)});
  feed(timeline, 1, 500, 0, 20);
  Attributor books({make_book({0}, {0}), make_book({1}, {0}, {}, probes::Scope::node, "host")}, at(0));
  const auto first = make_attempt(make_query(), {3.5, 6, {}, {}, {}, replay::Outcome::timeout_total, false});
  const auto second = make_attempt(first->query, {7, 9, {8, 9}, {}, {}, replay::Outcome::ok, true, 2});
  run(books, first);
  run(books, second);
  run(books, make_attempt(make_query({.id = "after"}), {10, 12, {11, 12}}));
  const auto settled = books.settle(timeline, at(15));
  ASSERT_EQ(settled.attempts.size(), 3U);
  for (const int i : {0, 1}) {
    EXPECT_EQ(settled.attempts[i].energy[0].validity, Validity::gap) << i;
    EXPECT_EQ(settled.attempts[i].energy[1].validity, Validity::ok) << i;
  }
  EXPECT_EQ(settled.attempts[2].energy[0].validity, Validity::ok);
  EXPECT_NEAR(share_of(settled, 0, Share::unattributed).value, 1234 - 300 * 4.05, 1e-6) << "what the gap hid";
  EXPECT_NEAR(share_of(settled, 0, Share::invalid).value, 300 * (0.55 + 1 + 2), 1e-6);
  EXPECT_NEAR(share_of(settled, 0, Share::query).value, 600, 1e-6);
  EXPECT_NEAR(share_of(settled, 1, Share::query).value, 500 * (2.5 + 2 + 2), 1e-6);
}

TEST(Attribution, WhatCameTooLateIsAGap) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 20);
  Attributor books({make_book({0}, {0})}, at(0));
  EXPECT_EQ(books.settle(timeline, at(5)).watermark, at(5));
  run(books, make_attempt(make_query(), {4, 7, {5, 6}}));
  const auto settled = books.settle(timeline, at(10));
  EXPECT_EQ(settled.attempts.at(0).energy.at(0).validity, Validity::gap);
  EXPECT_NEAR(share_of(settled, 0, Share::invalid).value, 600, 1e-6) << "from the watermark on";
  EXPECT_NEAR(share_of(settled, 0, Share::idle).value, 900, 1e-6);
}

TEST(Attribution, AHistoryThatWasTrimmedIsUnattributed) {
  PowerTimeline timeline(1, Seconds{10});
  feed(timeline, 0, 300, 0, 1);
  Attributor books({make_book({0}, {0})}, at(0));
  const auto slow = make_attempt(make_query(), {1, 60, {2, 59}});
  books.on(started(*slow));
  (void)books.settle(timeline, at(1));
  feed(timeline, 0, 300, 1.05, 61);
  books.on(replay::Finished{slow});
  const auto settled = books.settle(timeline, at(61));
  EXPECT_NEAR(settled.metered[0].value, 300 * 60, 1e-6);
  EXPECT_EQ(settled.attempts.at(0).energy.at(0).validity, Validity::gap);
  EXPECT_NEAR(share_of(settled, 0, Share::unattributed).value, 300 * 50, 300 * 0.2);
}

TEST(Attribution, AChannelThatHangsHoldsTheBooksUpForAMinuteOnly) {
  PowerTimeline timeline(2, Seconds{600});
  feed(timeline, 0, 300, 0, 200);
  feed(timeline, 1, 100, 0, 10);
  Attributor books({make_book({0}, {0}), make_book({1}, {0}, {}, probes::Scope::node, "host")}, at(0));
  EXPECT_EQ(books.settle(timeline, at(60)).watermark, at(10));
  EXPECT_EQ(books.settle(timeline, at(80)).watermark, at(80));
  timeline.append(channel(1), at(90), Joules{9000});
  const auto settled = books.settle(timeline, at(90));
  EXPECT_NEAR(settled.metered[1].value, 9000 - 1005, 1e-6) << "nothing is lost";
  EXPECT_NEAR(share_of(settled, 1, Share::unattributed).value, 9000 - 1005, 1e-6) << "and nobody is charged";
}

TEST(Attribution, EndBooksWhatNobodyFinished) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 10);
  Attributor books({make_book({0}, {0})}, at(0));
  run(books, make_attempt(make_query({.id = "no final"}), {1, 2, {}, {}, {}, replay::Outcome::connect, false}));
  run(books, make_attempt(make_query({.id = "not covered"}), {9, 11, {9.5, 11}}));
  books.on(started(*make_attempt(make_query({.id = "never finished"}), {3, 4})));
  EXPECT_TRUE(books.settle(timeline, at(12)).attempts.empty());
  books.end();
  const auto settled = books.settle(timeline, at(12));
  ASSERT_EQ(settled.attempts.size(), 2U);
  EXPECT_FALSE(books.has_open());
  EXPECT_NEAR(share_of(settled, 0, Share::cancelled).value, 300, 1e-6);
  EXPECT_NEAR(share_of(settled, 0, Share::invalid).value, 300 * 1.05, 1e-6) << "up to the last reading";
  EXPECT_EQ(settled.attempts[1].energy[0].validity, Validity::gap);
}

TEST(Attribution, TwoDevicesOfOneScopeAreAddedForTheTargetAndBookedApart) {
  PowerTimeline timeline(2, Seconds{600});
  feed(timeline, 0, 300, 0, 10);
  feed(timeline, 1, 200, 0, 10);
  Attributor books({make_book({0}, {0}, {}, probes::Scope::accelerator, "gpu0"),
                    make_book({1}, {0, 1}, {}, probes::Scope::accelerator, "gpu1")},
                   at(0));
  run(books, make_attempt(make_query({.id = "both"}), {1, 3, {}, {}, {}, replay::Outcome::http_5xx}));
  run(books, make_attempt(make_query({.id = "one", .target = 1}), {1, 3, {}, {}, {}, replay::Outcome::http_5xx}));
  const auto settled = books.settle(timeline, at(10));
  ASSERT_EQ(settled.attempts.size(), 2U);
  const auto& both = settled.attempts[settled.attempts[0].attempt->query->item->id == "both" ? 0 : 1];
  const auto& one = settled.attempts[settled.attempts[0].attempt->query->item->id == "both" ? 1 : 0];
  EXPECT_NEAR(both.energy.at(0).gross.value, 600 + 200, 1e-6);
  EXPECT_NEAR(both.energy.at(0).mean_power.value, 500, 1e-6);
  EXPECT_NEAR(one.energy.at(0).gross.value, 200, 1e-6);
  EXPECT_NEAR(one.energy.at(0).mean_power.value, 200, 1e-6);
  EXPECT_EQ(one.concurrency, 1) << "at its own target";
  EXPECT_NEAR(share_of(settled, 0, Share::query).value, 600, 1e-6);
  EXPECT_NEAR(share_of(settled, 1, Share::query).value, 400, 1e-6);
}

TEST(Attribution, WithoutPowerQueriesSettleAllTheSame) {
  Attributor books({}, at(0));
  run(books, make_attempt(make_query(), {1, 3, {2}}));
  run(books, make_attempt(make_query({.id = "r"}), {2, 4, {2}}));
  const auto settled = books.settle(PowerTimeline{0, Seconds{1}}, at(10));
  ASSERT_EQ(settled.attempts.size(), 2U);
  EXPECT_TRUE(settled.attempts[0].energy.empty());
  EXPECT_EQ(settled.attempts[0].concurrency, 1.5);
}

}  // namespace
}  // namespace ipw
