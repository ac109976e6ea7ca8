#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/event_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/replay_parts.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;
using testing::EventClock;
using testing::EventLog;

const std::string kAnswer =
    "data: {\"choices\":[{\"delta\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

// Answers each request 10 ms after it came, any number at once; but whatever it would answer within its stall it
// answers when that is over.
class StallingServer final : public Transport {
 public:
  StallingServer(EventClock& clock, Interval stall) : clock_(clock), stall_(stall) {}

  void start(HttpRequest, StreamSink& sink, std::stop_token) override {
    sink.sent(clock_.now());
    most_ = std::max(most_, ++running_);
    auto end = clock_.now() + 10ms;
    if (end >= stall_.begin && clock_.now() < stall_.end) end = std::max(end, stall_.end + 10ms);
    clock_.at(end, [this, &sink] {
      --running_;
      sink.response(clock_.now(), 200, [](std::string_view) { return std::string(); });
      sink.bytes(clock_.now(), kAnswer);
      sink.end(clock_.now(), {});
    });
  }
  std::size_t most() const { return most_; }

 private:
  EventClock& clock_;
  Interval stall_;
  std::size_t running_{0}, most_{0};
};

struct Outcomes {
  std::vector<Attempt> attempts;  // in the order of their scheduled times
  std::size_t most_in_flight;

  using Time = MonoTime Attempt::*;
  // The smallest latency, counted from `since`, that at least 99 % do not exceed.
  double p99(Time since) const {
    std::vector<double> all;
    for (const auto& a : attempts) all.push_back(between(a.*since, *a.last_token_at).value);
    std::ranges::sort(all);
    return all.at(static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(all.size()))) - 1);
  }
};

constexpr MonoTime kBegin{1h};  // where an EventClock begins
constexpr Interval kNoStall{kBegin - 1s, kBegin - 1s}, kStall{kBegin + 8s, kBegin + 10s};

Outcomes outcomes(std::string_view schedule, int queries, Interval stall = kNoStall, int warmup = 0) {
  EventClock clock;
  EventLog log;
  auto server = std::make_unique<StallingServer>(clock, stall);
  const auto& served = *server;
  const auto corpus = testing::questions(queries);
  auto parts = testing::replay_parts(corpus, std::move(server), clock, log);
  auto options = testing::options_from(schedule);
  parts.pacing = *open_pacing(options);
  parts.warmup = warmup;
  Replayer replayer(std::move(parts));
  EXPECT_TRUE(replayer.run({}));
  testing::expect_sound(log);
  Outcomes result{log.attempts(), served.most()};
  EXPECT_EQ(result.attempts.size(), static_cast<std::size_t>(queries + warmup));
  std::ranges::stable_sort(result.attempts, {}, &Attempt::scheduled_at);
  return result;
}

TEST(OpenLoop, GoesOutOnTimeWhileTheServerKeepsUp) {
  const auto seen = outcomes("mode: constant\nrate: 100/s", 2000);
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    ASSERT_EQ(seen.attempts[i].scheduled_at, kBegin + static_cast<int>(i) * 10ms) << i;
    ASSERT_EQ(seen.attempts[i].sent_at, seen.attempts[i].scheduled_at) << i;
    ASSERT_EQ(seen.attempts[i].query->item->id, "q" + std::to_string(i + 1));
  }
}

// Coordinated omission: a client that waits for the server measures a stall once, where an open loop measures it with
// every query that was due in it.
TEST(OpenLoop, AStallShowsInTheScheduledLatency) {
  constexpr int kQueries = 2000;  // 20 s at 100/s, of which the server stalls 2 s
  const auto open = outcomes("mode: constant\nrate: 100/s", kQueries, kStall);
  const auto limited = outcomes("mode: constant\nrate: 100/s\nmax_in_flight: 4", kQueries, kStall);
  const auto closed = outcomes("mode: closed", kQueries, kStall);
  // 200 of 2,000 queries were due in the stall, one each 10 ms: the 20 that waited longest waited 1.8 s and more.
  EXPECT_NEAR(open.p99(&Attempt::scheduled_at), 1.82, 0.02);
  EXPECT_NEAR(open.p99(&Attempt::sent_at), 1.82, 0.02) << "all could be sent";
  EXPECT_GT(limited.p99(&Attempt::scheduled_at), 1.8);
  EXPECT_NEAR(limited.p99(&Attempt::sent_at), 0.01, 1e-9) << "4 of 2,000 were under way in the stall";
  EXPECT_NEAR(closed.p99(&Attempt::sent_at), 0.01, 1e-9) << "1 of 2,000";
  EXPECT_NEAR(closed.p99(&Attempt::scheduled_at), 0.01, 1e-9)
      << "a closed loop has no other schedule than the server's";
  EXPECT_GT(open.p99(&Attempt::scheduled_at), 100 * closed.p99(&Attempt::sent_at));
  EXPECT_EQ(open.most_in_flight, 202U) << "those due from 7.99 s to 10.00 s";
  EXPECT_EQ(limited.most_in_flight, 4U);
}

TEST(OpenLoop, WhatIsHeldUpKeepsItsScheduledTimeAndItsTurn) {
  const auto seen = outcomes("mode: constant\nrate: 100/s\nmax_in_flight: 4", 2000, kStall);
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    ASSERT_EQ(seen.attempts[i].scheduled_at, kBegin + static_cast<int>(i) * 10ms) << i;
    ASSERT_EQ(seen.attempts[i].query->item->id, "q" + std::to_string(i + 1));
    if (i > 0) {
      ASSERT_GE(seen.attempts[i].sent_at, seen.attempts[i - 1].sent_at) << i;
    }
  }
  EXPECT_EQ(seen.attempts.back().sent_at, seen.attempts.back().scheduled_at) << "it has caught up";
}

TEST(OpenLoop, AStallMovesNoTimeOfAPoissonSchedule) {
  const auto calm = outcomes("mode: poisson\nrate: 100/s", 2000);
  const auto stalled = outcomes("mode: poisson\nrate: 100/s\nmax_in_flight: 4", 2000, kStall);
  for (std::size_t i = 0; i < calm.attempts.size(); ++i)
    ASSERT_EQ(stalled.attempts[i].scheduled_at, calm.attempts[i].scheduled_at) << i;
}

TEST(OpenLoop, TheScheduleBeginsWhenTheWarmUpIsOver) {
  for (const auto* schedule : {"mode: constant\nrate: 1/s", "mode: poisson\nrate: 1/s", "mode: trickle\nrate: 60/h"}) {
    const auto seen = outcomes(schedule, 20, kNoStall, 8);
    const bool at_once = std::string_view(schedule).find("trickle") == std::string_view::npos;
    const auto warm = kBegin + (at_once ? 10ms : 80ms);
    for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
      const auto& attempt = seen.attempts[i];
      ASSERT_EQ(!attempt.query->measured(), i < 8) << schedule << " " << i;
      EXPECT_EQ(attempt.query->item->id, "q" + std::to_string(i < 8 ? i + 1 : i - 7));
      if (i < 8) {
        EXPECT_EQ(attempt.scheduled_at, attempt.sent_at);
        EXPECT_LT(attempt.sent_at, warm);
      } else {
        EXPECT_GE(attempt.scheduled_at, warm);
      }
    }
    if (at_once) {
      EXPECT_EQ(seen.attempts[8].scheduled_at, warm) << schedule;
    }
    EXPECT_EQ(seen.most_in_flight, at_once ? 8U : 1U) << schedule;
  }
}

// 60 slots of a second, and a server that does not answer from second 8 to 28.
TEST(Trickle, SkipsWhatTheServerSleepsThrough) {
  const auto seen = outcomes("mode: trickle\nrate: 1/s", 60, {kBegin + 8s, kBegin + 28s});
  EXPECT_EQ(seen.most_in_flight, 1U);
  std::vector<long> slots;
  for (const auto& attempt : seen.attempts) {
    slots.push_back(static_cast<long>(between(kBegin, attempt.scheduled_at).value));
    EXPECT_EQ(attempt.sent_at, attempt.scheduled_at) << "caught up";
  }
  EXPECT_EQ(std::ranges::adjacent_find(slots, std::greater_equal<>()), slots.end()) << "two in a slot";
  EXPECT_EQ(std::ranges::count_if(slots, [](long slot) { return slot > 8 && slot < 28; }), 0);
  EXPECT_GE(slots.back(), 60 - 1 + 19);
}

}  // namespace
}  // namespace ipw::replay
