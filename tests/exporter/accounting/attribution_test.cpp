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

TEST(Attribution, AResetSpoilsWhatItFallsInto) {
  PowerTimeline timeline(2, Seconds{600});
  feed(timeline, 1, 500, 0, 20);
  feed(timeline, 0, 300, 0, 4);
  timeline.append_gap(channel(0), at(4.1), Joules{1215}, true);
  timeline.append_gap(channel(0), at(4.2), Joules{1215});  // until the new level is confirmed
  for (double t = 4.25; t < 20; t += 0.05) timeline.append(channel(0), at(t), Joules{1215 + 300 * (t - 4.2)});
  Attributor books({make_book({0}, {0}), make_book({1}, {0}, {}, probes::Scope::node, "host")}, at(0));
  const struct {
    const char* name;
    double from, to;
    Validity accelerator;
  } cases[] = {
      {"before", 1, 3, Validity::ok},
      {"within", 3.5, 6, Validity::reset},
      {"beside it, while the new level is not believed", 4.15, 6, Validity::gap},
      {"after", 7, 9, Validity::ok},
  };
  for (const auto& c : cases)
    run(books, make_attempt(make_query({.id = c.name}), {c.from, c.to, {c.from + 0.1, c.to}}));
  const auto settled = books.settle(timeline, at(15));
  ASSERT_EQ(settled.attempts.size(), std::size(cases));
  for (const auto& booked : settled.attempts)
    for (const auto& c : cases) {
      if (booked.attempt->query->item->id != c.name) continue;
      EXPECT_EQ(booked.energy.at(0).validity, c.accelerator) << c.name;
      EXPECT_EQ(booked.energy.at(1).validity, Validity::ok) << c.name << ", in the other scope";
    }
}

TEST(Attribution, OthersBesideAQueryMakeItShared) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 20);
  Attributor books({make_book({0}, {0}, Watts{100})}, at(0));
  const auto poll = [&](double when, double tokens) {
    books.on(replay::LoadSeen{0, 0, 0, at(when), 0, {tokens, tokens, true}});
  };
  for (int i = 0; i <= 16; ++i) poll(i, i <= 5 ? 0 : i <= 8 ? 1000 * (i - 5) : 3000);
  run(books, make_attempt(make_query({.id = "alone"}), {1, 3, {2, 3}, 0, 0}));
  run(books, make_attempt(make_query({.id = "beside others' tokens"}), {5, 8, {6, 7}, 0, 0}));
  auto seen = std::make_shared<replay::Attempt>(*make_attempt(make_query({.id = "seen"}), {11, 13, {12, 13}, 0, 0}));
  seen->load.foreign = 1;
  run(books, seen);
  const auto settled = books.settle(timeline, at(16));
  ASSERT_EQ(settled.attempts.size(), 3U);
  for (const auto& booked : settled.attempts)
    EXPECT_EQ(booked.energy.at(0).validity,
              booked.attempt->query->item->id == "alone" ? Validity::ok : Validity::shared)
        << booked.attempt->query->item->id;
  EXPECT_NEAR(share_of(settled, 0, Share::query).value, 600, 1e-6);
  EXPECT_GT(share_of(settled, 0, Share::foreign).value, 3 * 0.9 * 250) << "all the work, and half of the idle floor";
  EXPECT_NEAR((share_of(settled, 0, Share::foreign) + share_of(settled, 0, Share::invalid)).value, 5 * 300, 1e-6);
  ASSERT_TRUE(settled.foreign.at(0));
  EXPECT_NEAR(settled.foreign[0]->input, 3000, 30);
  double all = 0;
  for (const auto& share : settled.shares[0]) all += share.value;
  EXPECT_NEAR(all, 300 * 16, 1e-6);
  EXPECT_NEAR(settled.metered[0].value, all, 1e-6);
}

TEST(Attribution, TheBooksWaitForWhatTheServerSaysOfOthers) {
  PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 20);
  Attributor books({make_book({0}, {0})}, at(0));
  books.on(replay::LoadSeen{0, 0, 0, at(4), 0, {0, 0, true}});
  EXPECT_EQ(books.settle(timeline, at(5)).watermark, at(4));
  const auto query = make_attempt(make_query(), {4.5, 7, {5, 6}});
  books.on(started(*query));
  books.on(replay::LoadSeen{0, 2, 0, at(5), 1, {500, 50, true}});
  EXPECT_EQ(books.settle(timeline, at(6)).watermark, at(4)) << "ours and others' are not told apart yet";
  books.on(replay::Finished{query});
  books.on(replay::LoadSeen{0, 0, 0, at(8), 0, {900, 90, true}});
  EXPECT_EQ(books.settle(timeline, at(9)).watermark, at(8));
  books.end_of_loads();
  EXPECT_EQ(books.settle(timeline, at(9)).watermark, at(9));
}

TEST(Attribution, TheServersTimesCountWhereItWorkedOnOneRequest) {
  for (const bool alone : {true, false}) {
    PowerTimeline timeline(1, Seconds{600});
    feed(timeline, 0, 300, 0, 100);
    Attributor books({make_book({0}, {0})}, at(0));
    for (int i = 0; i < 40; ++i) {
      const double begin = alone ? 2 * i : i;
      auto attempt = std::make_shared<replay::Attempt>(
          *make_attempt(make_query({.id = std::to_string(i)}), {begin, begin + 2, {begin + 1, begin + 2}, 100, 20}));
      attempt->timings.prefill = Seconds{0.2};
      attempt->timings.decode = Seconds{1.2};
      run(books, attempt);
    }
    const auto split = books.settle(timeline, at(100)).splits.at(0);
    EXPECT_EQ(split.origin, alone ? WeightOrigin::server : WeightOrigin::assumed);
    EXPECT_NEAR(split.weights[2] / split.weights[1], alone ? 30 : 20, 1e-9);
  }
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
