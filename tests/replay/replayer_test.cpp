#include "replay/replayer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_clock.hpp"
#include "tests/support/replay_parts.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;
using testing::EventLog;
using testing::FakeClock;
using testing::questions;
using testing::replay_parts;
using Lines = std::vector<std::string>;

const std::string kAnswer42 =
    "data: {\"choices\":[{\"delta\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

// A transport whose streams the test ends by hand, or at once with a reply for each request in turn.
class FakeTransport final : public Transport {
 public:
  using Reply = std::function<void(StreamSink&, MonoTime)>;
  FakeTransport(const Clock& clock, std::vector<Reply> replies) : clock_(clock), replies_(std::move(replies)) {}

  void start(HttpRequest, StreamSink& sink, std::stop_token stop) override {
    sink.sent(clock_.now());
    const auto number = std::min(started_++, replies_.size() - 1);
    if (replies_[number]) return replies_[number](sink, clock_.now());
    auto& held = held_.emplace_back();
    held = std::make_unique<std::stop_callback<std::function<void()>>>(stop, [this, &sink] {
      sink.end(clock_.now(), {StreamEnd::Cause::cancelled, "cancelled"});
    });
  }

 private:
  const Clock& clock_;
  std::vector<Reply> replies_;
  std::size_t started_{0};
  std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> held_;
};

FakeTransport::Reply http(int status, std::string body, std::string retry_after = "") {
  return [=](StreamSink& sink, MonoTime at) {
    sink.response(at, status, [&](std::string_view name) { return name == "Retry-After" ? retry_after : ""; });
    sink.bytes(at, body);
    sink.end(at, {});
  };
}
const FakeTransport::Reply kHold = nullptr;

Replayer::Parts parts(const std::string& corpus, const Clock& clock, EventLog& log,
                      std::vector<FakeTransport::Reply> replies) {
  return replay_parts(corpus, std::make_unique<FakeTransport>(clock, std::move(replies)), clock, log);
}

Result<void> run_whole(Replayer::Parts made) {
  Replayer replayer(std::move(made));
  return replayer.run({});
}

// A replayer on a thread of its own, stopped at the end of the test at the latest.
class Running {
 public:
  Running(Replayer::Parts made, FakeClock& clock) : clock_(clock), replayer_(std::move(made)) {}
  ~Running() { stop_and_wait(); }

  // Returns when the run has ended. Time goes on meanwhile, in steps.
  void wait() {
    while (!ended_) {
      clock_.advance(100ms);
      std::this_thread::yield();
    }
  }
  void stop() { stop_.request_stop(); }
  void stop_and_wait() {
    stop();
    wait();
  }
  std::size_t in_flight() const { return replayer_.in_flight(); }

 private:
  FakeClock& clock_;
  Replayer replayer_;
  std::stop_source stop_;
  std::atomic<bool> ended_{false};
  std::jthread thread_{[this] {
    EXPECT_TRUE(replayer_.run(stop_.get_token()));
    ended_ = true;
  }};
};

TEST(Replayer, SendsEveryQueryOnceInOrderAndJudgesIt) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(3);
  EXPECT_TRUE(run_whole(parts(corpus, clock, log, {http(200, kAnswer42)})));
  for (const auto* id : {"q1", "q2", "q3"}) {
    const std::string q(id);
    EXPECT_EQ(log.about(q),
              (Lines{"started " + q + " #1", "finished " + q + " #1 ok final", "judged " + q + " correct"}));
  }
  const auto attempts = log.attempts();
  ASSERT_EQ(attempts.size(), 3U);
  EXPECT_EQ(attempts[0].id, "run-1");
  EXPECT_EQ(attempts[2].id, "run-3");
  EXPECT_EQ(attempts[0].query->item->id, "q1");
  EXPECT_EQ(attempts[2].query->item->id, "q3");
  EXPECT_EQ(attempts[0].answer, "42");
  EXPECT_EQ(attempts[0].http_status, 200);
  testing::expect_sound(log);
}

TEST(Replayer, WhatMayPassIsTriedAgainAfterAWait) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(1);
  auto made = parts(corpus, clock, log, {http(503, "busy"), http(200, kAnswer42)});
  made.retry = {.attempts = 2, .backoff = Seconds{4}};
  Replayer replayer(std::move(made));
  std::jthread thread([&] { EXPECT_TRUE(replayer.run({})); });
  log.await("finished q1 #1 http_5xx");
  clock.await_sleepers(1);
  clock.advance(1999ms);  // less than half the backoff
  EXPECT_EQ(log.lines().size(), 2U);
  clock.await_sleepers(1);
  clock.advance(4001ms);
  thread.join();
  EXPECT_EQ(log.lines(), (Lines{"started q1 #1", "finished q1 #1 http_5xx", "started q1 #2", "finished q1 #2 ok final",
                                "judged q1 correct"}));
  EXPECT_EQ(log.attempts()[0].reason, "HTTP 503: busy");
  EXPECT_NE(log.attempts()[0].id, log.attempts()[1].id);
  testing::expect_sound(log);
}

TEST(Replayer, RetryAfterIsHonoured) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(1);
  Replayer replayer(parts(corpus, clock, log, {http(429, "", "7"), http(200, kAnswer42)}));
  std::jthread thread([&] { EXPECT_TRUE(replayer.run({})); });
  log.await("finished q1 #1 http_429");
  clock.await_sleepers(1);
  const auto failed_at = clock.now();
  clock.advance(6999ms);
  clock.await_sleepers(1);
  EXPECT_EQ(log.lines().size(), 2U);
  clock.advance(1ms);
  thread.join();
  EXPECT_EQ(log.attempts().at(1).sent_at - failed_at, 7s);
  EXPECT_EQ(log.attempts().at(1).scheduled_at - failed_at, 7s);
}

TEST(Replayer, FailuresThatDoNotPassAreFinalAndUnanswered) {
  const struct {
    const char* name;
    FakeTransport::Reply reply;
    const char* finished;
  } cases[] = {
      {"client error", http(400, "{\"error\":{\"message\":\"bad\"}}"), "finished q1 #1 http_4xx final"},
      {"not our language", http(200, "<html>"), "finished q1 #1 unparsable final"},
      {"redirect", http(301, ""), "finished q1 #1 http_4xx final"},
  };
  for (const auto& c : cases) {
    FakeClock clock;
    EventLog log;
    const auto corpus = questions(1);
    EXPECT_TRUE(run_whole(parts(corpus, clock, log, {c.reply})));
    EXPECT_EQ(log.lines(), (Lines{"started q1 #1", c.finished, "judged q1 unanswered"})) << c.name;
    testing::expect_sound(log);
  }
}

TEST(Replayer, TheLastAttemptsFailureIsTheQuerys) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(1);
  auto made = parts(corpus, clock, log, {http(500, "")});
  made.retry = {.attempts = 3, .backoff = Seconds{0}};
  EXPECT_TRUE(run_whole(std::move(made)));
  EXPECT_EQ(log.lines(), (Lines{"started q1 #1", "finished q1 #1 http_5xx", "started q1 #2", "finished q1 #2 http_5xx",
                                "started q1 #3", "finished q1 #3 http_5xx final", "judged q1 unanswered"}));
  const auto judged = std::get<Judged>(log.events().back());
  EXPECT_EQ(judged.verdict.reason, "http_5xx");
  EXPECT_EQ(judged.verdict.score, 0);
}

TEST(Replayer, AQueryIsTriedUntilItIsRight) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(2);
  std::string wrong = kAnswer42;
  wrong.replace(wrong.find("42"), 2, "41");
  auto made = parts(corpus, clock, log,
                    {http(200, wrong), http(500, ""), http(200, wrong), http(200, kAnswer42), http(200, wrong),
                     http(200, wrong), http(200, wrong), http(200, wrong)});
  made.retry = {.attempts = 2, .until_success = 4, .backoff = Seconds{0}};
  EXPECT_TRUE(run_whole(std::move(made)));
  auto lines = log.lines();
  const auto judged = std::stable_partition(lines.begin(), lines.end(),
                                            [](const std::string& line) { return !line.starts_with("judged"); });
  EXPECT_EQ(Lines(judged, lines.end()), (Lines{"judged q1 correct", "judged q2 wrong"}));
  lines.erase(judged, lines.end());
  EXPECT_EQ(lines, (Lines{"started q1 #1", "finished q1 #1 ok", "started q1 #2", "finished q1 #2 http_5xx",
                          "started q1 #3", "finished q1 #3 ok", "started q1 #4", "finished q1 #4 ok final",
                          "started q2 #1", "finished q2 #1 ok", "started q2 #2", "finished q2 #2 ok", "started q2 #3",
                          "finished q2 #3 ok", "started q2 #4", "finished q2 #4 ok final"}));
  testing::expect_sound(log);
}

TEST(Replayer, WarmUpGoesFirstCountsForNothingAndIsSentAgain) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(3);
  auto made = parts(corpus, clock, log, {http(500, ""), http(200, kAnswer42)});
  made.warmup = 2;
  EXPECT_TRUE(run_whole(std::move(made)));
  auto lines = log.lines();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("judged"); });
  EXPECT_EQ(lines, (Lines{"started q1 #1 warmup", "finished q1 #1 warmup http_5xx final", "started q2 #1 warmup",
                          "finished q2 #1 warmup ok final", "started q1 #1", "finished q1 #1 ok final", "started q2 #1",
                          "finished q2 #1 ok final", "started q3 #1", "finished q3 #1 ok final"}));
  testing::expect_sound(log);
}

TEST(Replayer, NothingCountsBeforeTheWarmUpHasEnded) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(4);
  auto made = parts(corpus, clock, log, {kHold, kHold});
  made.pacing = testing::closed_loop(4);
  made.warmup = 2;
  Running running(std::move(made), clock);
  log.await("started q2 #1 warmup");
  clock.await_sleepers(1);
  EXPECT_EQ(log.lines().size(), 2U);
  EXPECT_EQ(running.in_flight(), 2U);
  running.stop_and_wait();
  testing::expect_sound(log);
}

TEST(Replayer, NeverMoreAtOnceThanPacingAllows) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(9);
  auto made = parts(corpus, clock, log, {kHold});
  made.pacing = testing::closed_loop(3);
  Running running(std::move(made), clock);
  log.await("started q3 #1");
  clock.await_sleepers(1);
  EXPECT_EQ(log.lines(), (Lines{"started q1 #1", "started q2 #1", "started q3 #1"}));
  EXPECT_EQ(running.in_flight(), 3U);
  running.stop_and_wait();
  EXPECT_EQ(running.in_flight(), 0U);
}

// A query that waits for its next attempt keeps its place, so that a server that is too busy gets less, not more.
TEST(Replayer, AWaitingRetryHoldsItsPlace) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(5);
  Running running(parts(corpus, clock, log, {http(429, "", "30")}), clock);
  log.await("finished q1 #1 http_429");
  clock.await_sleepers(1);
  clock.advance(29s);
  clock.await_sleepers(1);
  EXPECT_EQ(log.lines().size(), 2U);
}

TEST(Replayer, AStopSendsNothingNewAndGivesGrace) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(5);
  auto made = parts(corpus, clock, log, {kHold});
  made.pacing = testing::closed_loop(2);
  made.grace = Seconds{2};
  Running running(std::move(made), clock);
  log.await("started q2 #1");
  clock.await_sleepers(1);
  const auto stopped_at = clock.now();
  running.stop_and_wait();
  EXPECT_EQ(log.about("q1"), (Lines{"started q1 #1", "finished q1 #1 cancelled final"})) << "cancelled, and not judged";
  EXPECT_EQ(log.about("q2"), (Lines{"started q2 #1", "finished q2 #1 cancelled final"}));
  EXPECT_EQ(log.lines().size(), 4U);
  for (const auto& attempt : log.attempts()) EXPECT_GE(attempt.ended_at - stopped_at, 2s) << "no grace";
  testing::expect_sound(log);
}

TEST(Replayer, WhatEndsWithinTheGraceCounts) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(5);
  StreamSink* held = nullptr;
  Running running(parts(corpus, clock, log, {[&](StreamSink& sink, MonoTime) { held = &sink; }}), clock);
  log.await("started q1 #1");
  clock.await_sleepers(1);
  running.stop();
  http(200, kAnswer42)(*held, clock.now());
  running.wait();
  EXPECT_EQ(log.lines(), (Lines{"started q1 #1", "finished q1 #1 ok final", "judged q1 correct"}));
}

TEST(Replayer, AStopClosesTheQueryThatWaitsForItsNextAttempt) {
  FakeClock clock;
  EventLog log;
  const auto corpus = questions(2);
  Replayer replayer(parts(corpus, clock, log, {http(503, "")}));  // time stands still: the wait never ends by itself
  std::stop_source stop;
  std::jthread thread([&] { EXPECT_TRUE(replayer.run(stop.get_token())); });
  log.await("finished q1 #1 http_5xx");
  stop.request_stop();
  thread.join();
  EXPECT_EQ(log.lines(),
            (Lines{"started q1 #1", "finished q1 #1 http_5xx", "started q1 #2", "finished q1 #2 cancelled final"}));
  const auto closed = log.attempts().at(1);
  EXPECT_EQ(closed.sent_at, closed.ended_at);
  EXPECT_EQ(closed.reason, "stopped before this attempt was sent");
  testing::expect_sound(log);
}

TEST(Replayer, ABadCorpusEndsTheRunAfterWhatWasSent) {
  FakeClock clock;
  EventLog log;
  const std::string corpus = questions(1) + "not json\n" + "{\"id\":\"q3\",\"problem\":\"?\",\"answer\":\"1\"}\n";
  const auto ran = run_whole(parts(corpus, clock, log, {http(200, kAnswer42)}));
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::invalid);
  EXPECT_EQ(ran.error().message.substr(0, 9), "corpus:2:") << ran.error().message;
  EXPECT_EQ(log.lines(), (Lines{"started q1 #1", "finished q1 #1 ok final", "judged q1 correct"}));
}

TEST(Replayer, AnEmptyCorpusIsNoWork) {
  FakeClock clock;
  EventLog log;
  const std::string corpus;
  auto made = parts(corpus, clock, log, {http(200, kAnswer42)});
  made.warmup = 3;
  EXPECT_TRUE(run_whole(std::move(made)));
  EXPECT_TRUE(log.lines().empty());
}

}  // namespace
}  // namespace ipw::replay
