#include "replay/gates.hpp"

#include <gtest/gtest.h>

#include "tests/support/attempts.hpp"
#include "tests/support/event_log.hpp"
#include "tests/support/fake_gate.hpp"

namespace ipw::replay {
namespace {

using testing::at;
using testing::EventLog;
using testing::FakeGate;
using Lines = std::vector<std::string>;

struct Fixture {
  explicit Fixture(bool single_pass = false)
      : gates({.target = 0, .gates = {first, second}, .single_pass = single_pass, .events = log.sink()}) {}
  EventLog log;
  std::shared_ptr<FakeGate> first = std::make_shared<FakeGate>(), second = std::make_shared<FakeGate>();
  Gates gates;
};

TEST(Gates, AreOpenUntilOneHolds) {
  Fixture f;
  f.gates.ask(at(0));
  EXPECT_TRUE(f.gates.open());
  f.second->close(PauseReason::load);
  f.gates.ask(at(1));
  EXPECT_FALSE(f.gates.open());
  EXPECT_TRUE(f.gates.retries_held());
  EXPECT_EQ(f.gates.why(), "the test says so");
  f.second->open();
  f.gates.ask(at(2));
  EXPECT_TRUE(f.gates.open());
}

TEST(Gates, TellAPauseThatLastsItsChangeAndItsEnd) {
  Fixture f;
  f.first->close(PauseReason::not_ready, std::chrono::hours(1));
  f.gates.ask(at(0));
  EXPECT_EQ(f.log.lines(), Lines{}) << "a ready server is not worth a word";
  EXPECT_EQ(f.gates.ask_again(), at(0.2)) << "to be told in time";
  f.gates.ask(at(0.2));
  f.gates.ask(at(0.3));
  EXPECT_GT(f.gates.ask_again(), at(3600)) << "told, so the gate's own time counts";
  f.first->open();
  f.second->close(PauseReason::load);
  f.gates.ask(at(1));
  f.second->open();
  f.gates.ask(at(2));
  EXPECT_EQ(f.log.lines(), (Lines{"paused not_ready", "paused load", "goes on"}));
}

TEST(Gates, AShortHoldIsNotToldAndStillCountsForTheSchedule) {
  Fixture f;
  f.first->close(PauseReason::not_ready);
  f.gates.ask(at(0));
  f.first->open();
  f.gates.ask(at(0.125));
  EXPECT_EQ(f.log.lines(), Lines{});
  EXPECT_EQ(f.gates.held_for(), std::chrono::milliseconds(125));
  f.first->close(PauseReason::load);
  f.gates.ask(at(10));
  f.first->open();
  f.gates.ask(at(20));
  EXPECT_EQ(f.gates.held_for(), std::chrono::milliseconds(10125));
}

TEST(Gates, OnlyASinglePassIsEndedByAHold) {
  const struct {
    const char* name;
    bool single_pass, ends_pass;
    PauseReason reason;
    std::optional<Errc> ended;
  } cases[] = {
      {"the daemon waits", false, true, PauseReason::not_ready, std::nullopt},
      {"still patient", true, false, PauseReason::not_ready, std::nullopt},
      {"no server", true, true, PauseReason::not_ready, Errc::unavailable},
      {"no budget", true, true, PauseReason::budget, Errc::cancelled},
  };
  for (const auto& c : cases) {
    Fixture f(c.single_pass);
    f.first->close(Hold{.reason = c.reason, .why = "because", .until = at(1), .ends_pass = c.ends_pass});
    f.gates.ask(at(0));
    f.first->open();
    f.gates.ask(at(1));
    EXPECT_EQ(f.gates.pass_ended(), c.ended.has_value()) << c.name;
    const auto outcome = f.gates.outcome();
    ASSERT_EQ(!outcome, c.ended.has_value()) << c.name;
    if (outcome) continue;
    EXPECT_EQ(outcome.error().code, *c.ended) << c.name;
  }
}

TEST(Gates, PatienceHoldsUntilItIsOverAndNeverShrinks) {
  Fixture f;
  f.gates.be_patient(at(10), "HTTP 429");
  f.gates.be_patient(at(5), "HTTP 429");
  f.gates.ask(at(9.999));
  EXPECT_FALSE(f.gates.open());
  EXPECT_TRUE(f.gates.retries_held());
  f.gates.ask(at(10));
  EXPECT_TRUE(f.gates.open());
}

TEST(Gates, EveryGateHearsOfEveryAttemptAndMayAddToIt) {
  Fixture f;
  auto attempt = *testing::make_attempt(testing::make_query({.id = "q1"}), {});
  f.gates.started(testing::started(attempt));
  f.gates.ended(attempt);
  EXPECT_EQ(f.first->heard(), (Lines{"started q1", "ended q1"}));
  EXPECT_EQ(f.second->heard(), f.first->heard());
  EXPECT_EQ(attempt.load.running, 7);
}

}  // namespace
}  // namespace ipw::replay
