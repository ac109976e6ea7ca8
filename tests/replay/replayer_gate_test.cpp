// What a replayer does with its gates, in a time that leaps to whatever comes next.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/event_clock.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/replay_parts.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;
using testing::EventClock;
using testing::EventLog;
using testing::FakeGate;
using Lines = std::vector<std::string>;

constexpr MonoTime kBegin{1h};  // where an EventClock begins
const std::string kAnswer =
    "data: {\"choices\":[{\"delta\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

struct Reply {
  int status;
  std::string retry_after{};
};

// Answers each request in turn, the last reply for all that follow, 10 ms after it came. Keeps when each came.
class FakeServer final : public Transport {
 public:
  FakeServer(EventClock& clock, std::vector<Reply> replies, std::vector<MonoTime>& asked)
      : clock_(clock), replies_(std::move(replies)), asked_(asked) {}

  void start(HttpRequest, StreamSink& sink, std::stop_token) override {
    sink.sent(clock_.now());
    const auto reply = replies_[std::min(asked_.size(), replies_.size() - 1)];
    asked_.push_back(clock_.now());
    clock_.at(clock_.now() + 10ms, [this, reply, &sink] {
      sink.response(clock_.now(), reply.status,
                    [&](std::string_view name) { return name == "Retry-After" ? reply.retry_after : ""; });
      sink.bytes(clock_.now(), reply.status == 200 ? kAnswer : "");
      sink.end(clock_.now(), {});
    });
  }

 private:
  EventClock& clock_;
  std::vector<Reply> replies_;
  std::vector<MonoTime>& asked_;
};

struct Replayed {
  explicit Replayed(int queries, std::vector<Reply> replies = {{200}}) : corpus(testing::questions(queries)) {
    parts = testing::replay_parts(corpus, std::make_unique<FakeServer>(clock, std::move(replies), asked), clock, log);
    parts.gates = {gate};
    parts.retry.backoff = Seconds{1};
  }
  Result<void> go() {
    Replayer replayer(std::move(parts));
    auto outcome = replayer.run({});
    testing::expect_sound(log);
    return outcome;
  }
  // Without the verdicts, which come from another thread.
  Lines lines() const {
    auto all = log.lines();
    std::erase_if(all, [](const std::string& line) { return line.starts_with("judged"); });
    return all;
  }

  EventClock clock;
  EventLog log;
  std::string corpus;
  std::vector<MonoTime> asked;
  std::shared_ptr<FakeGate> gate = std::make_shared<FakeGate>();
  Replayer::Parts parts;
};

TEST(ReplayerGate, NothingIsSentWhileItHoldsNotEvenTheWarmUp) {
  Replayed run(2);
  run.parts.warmup = 1;
  run.gate->close(PauseReason::load);
  run.clock.at(kBegin + 5s, [&] { run.gate->open(); });
  EXPECT_TRUE(run.go());
  ASSERT_EQ(run.asked.size(), 3U);
  EXPECT_GE(run.asked[0], kBegin + 5s);
  EXPECT_LE(run.asked[0], kBegin + 5100ms);
  const auto lines = run.lines();
  EXPECT_EQ(Lines(lines.begin(), lines.begin() + 3), (Lines{"paused load", "goes on", "started q1 #1 warmup"}));
  EXPECT_EQ(run.gate->heard(), (Lines{"started q1", "ended q1", "started q1", "ended q1", "started q2", "ended q2"}));
  EXPECT_EQ(run.log.attempts().at(0).load.running, 7) << "what the gate adds is in the attempt";
}

TEST(ReplayerGate, ARetryWaitsForItAndGoesFirst) {
  Replayed run(3, {{500}, {200}});
  run.clock.at(kBegin + 5ms, [&] { run.gate->close(PauseReason::not_ready); });
  run.clock.at(kBegin + 20s, [&] { run.gate->open(); });
  EXPECT_TRUE(run.go());
  const auto lines = run.lines();
  EXPECT_EQ(Lines(lines.begin(), lines.begin() + 5),
            (Lines{"started q1 #1", "finished q1 #1 http_5xx", "paused not_ready", "goes on", "started q1 #2"}));
  EXPECT_GE(run.asked.at(1), kBegin + 20s);
}

TEST(ReplayerGate, AHoldForNewQueriesAloneLetsABegunOneGoOn) {
  Replayed run(2, {{500}, {200}});
  const Hold budget{.reason = PauseReason::budget, .why = "spent", .until = kBegin + 1h, .retries_too = false};
  run.clock.at(kBegin + 5ms, [&] { run.gate->close(budget); });
  run.clock.at(kBegin + 1h, [&] { run.gate->open(); });
  EXPECT_TRUE(run.go());
  ASSERT_EQ(run.asked.size(), 3U);
  EXPECT_LT(run.asked[1], kBegin + 2s);
  EXPECT_GE(run.asked[2], kBegin + 1h);
}

// The books cannot pass an open query.
TEST(ReplayerGate, AQueryThatWaitsForTooLongIsClosedAndSentAnew) {
  Replayed run(2, {{500}, {200}});
  run.clock.at(kBegin + 5ms, [&] { run.gate->close(PauseReason::not_ready); });
  run.clock.at(kBegin + 10min, [&] { run.gate->open(); });
  EXPECT_TRUE(run.go());
  const auto first = run.log.about("q1");
  EXPECT_EQ(Lines(first.begin(), first.begin() + 4),
            (Lines{"started q1 #1", "finished q1 #1 http_5xx", "started q1 #2", "finished q1 #2 cancelled final"}));
  EXPECT_EQ(first.at(4), "started q1 #1") << "before q2";
  EXPECT_EQ(first.at(5), "finished q1 #1 ok final");
  const auto closed = run.log.attempts().at(1);
  EXPECT_EQ(closed.ended_at - kBegin, 60s + 10ms);
  EXPECT_EQ(closed.reason, "the target is held back, and the query begins anew: the test says so");
  EXPECT_EQ(run.asked.size(), 3U);
}

TEST(ReplayerGate, RetryAfterHoldsTheWholeTarget) {
  for (const auto& [status, wait] : {std::pair(429, 7s), std::pair(503, 50s)}) {
    Replayed run(6, {{status, std::to_string(wait.count())}, {200}});
    run.parts.pacing = testing::closed_loop(3);
    EXPECT_TRUE(run.go());
    ASSERT_EQ(run.asked.size(), 7U);
    const auto refused = kBegin + 10ms;
    // The two that had gone out beside it, and then silence.
    for (std::size_t i = 0; i < run.asked.size(); ++i)
      EXPECT_TRUE(run.asked[i] <= kBegin || run.asked[i] >= refused + wait) << i;
    EXPECT_EQ(run.asked.at(3), refused + wait);
    const auto attempts = run.log.attempts();
    const auto second = std::ranges::find(attempts, 2, &Attempt::number);
    ASSERT_NE(second, attempts.end());
    EXPECT_EQ(second->sent_at, refused + wait) << "the refused one goes first";
    EXPECT_EQ(std::ranges::count(run.lines(), "paused retry_after"), 1);
  }
}

TEST(ReplayerGate, ALongRetryAfterClosesTheQueryMeanwhile) {
  Replayed run(1, {{429, "1800"}, {200}});
  EXPECT_TRUE(run.go());
  ASSERT_EQ(run.asked.size(), 2U);
  EXPECT_EQ(run.asked[1], kBegin + 10ms + 30min);
  EXPECT_EQ(run.log.attempts().at(1).outcome, Outcome::cancelled);
  EXPECT_EQ(run.log.attempts().at(2).number, 1);
}

TEST(ReplayerGate, ASinglePassEndsWhereTheDaemonWouldWait) {
  Replayed run(3, {{500}, {200}});
  run.parts.single_pass = true;
  run.clock.at(kBegin + 5ms, [&] {
    run.gate->close(Hold{.reason = PauseReason::not_ready, .why = "gone", .until = kBegin + 1min, .ends_pass = true});
  });
  const auto outcome = run.go();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_EQ(outcome.error().message, "gone");
  EXPECT_EQ(run.lines(),
            (Lines{"started q1 #1", "finished q1 #1 http_5xx", "started q1 #2", "finished q1 #2 cancelled final"}));
}

TEST(ReplayerGate, APassThatIsDoneIsNotCutShort) {
  Replayed run(1);
  run.parts.single_pass = true;
  run.clock.at(kBegin + 5ms, [&] {
    run.gate->close(Hold{.reason = PauseReason::budget, .why = "spent", .until = kBegin + 1h, .ends_pass = true});
  });
  EXPECT_TRUE(run.go());
}

// An hour's backlog would go out at once.
TEST(ReplayerGate, AScheduleStandsStillMeanwhile) {
  Replayed run(6);
  auto options = testing::options_from("mode: constant\nrate: 1/s\n");
  run.parts.pacing = *open_pacing(options);
  run.clock.at(kBegin + 2500ms, [&] { run.gate->close(PauseReason::load); });
  run.clock.at(kBegin + 1h, [&] { run.gate->open(); });
  EXPECT_TRUE(run.go());
  ASSERT_EQ(run.asked.size(), 6U);
  EXPECT_EQ(run.asked[2], kBegin + 2s);
  EXPECT_GE(run.asked[3], kBegin + 1h);
  for (int i = 4; i < 6; ++i) EXPECT_EQ(run.asked[i] - run.asked[i - 1], 1s) << i;
  for (const auto& attempt : run.log.attempts()) EXPECT_LE(attempt.sent_at - attempt.scheduled_at, 100ms);
}

}  // namespace
}  // namespace ipw::replay
