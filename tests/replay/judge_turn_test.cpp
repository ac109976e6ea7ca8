#include "replay/judge_turn.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kBegin{1h};

class Turn : public ::testing::Test {
 protected:
  bool take(MonoTime now, std::size_t waiting, bool at_once = false) {
    return turn_.take(now, {waiting, kBegin, at_once});
  }
  void start() { turn_.started({"a", nullptr, 1, kBegin}); }
  void end() {
    Attempt attempt;
    turn_.ended(attempt);
  }
  JudgeTurn turn_;
};

TEST_F(Turn, IsTakenWhileTheTargetsRest) {
  EXPECT_TRUE(take(kBegin, 1));
  ASSERT_TRUE(turn_.hold(kBegin));
  EXPECT_EQ(turn_.hold(kBegin)->reason, PauseReason::judging);
  turn_.give_back(kBegin + 1s);
  EXPECT_FALSE(turn_.hold(kBegin + 1s));
}

TEST_F(Turn, AFewAnswersDoNotHoldTheTargetsBack) {
  start();
  EXPECT_FALSE(take(kBegin, 3));
  EXPECT_FALSE(turn_.hold(kBegin)) << "the target goes on";
}

TEST_F(Turn, ManyAnswersDo) {
  start();
  EXPECT_FALSE(take(kBegin, 100));
  EXPECT_TRUE(turn_.hold(kBegin)) << "nothing new is sent";
  EXPECT_FALSE(take(kBegin + 1s, 100)) << "what runs is measured to its end";
  end();
  EXPECT_TRUE(take(kBegin + 2s, 100));
}

TEST_F(Turn, AnAnswerThatHasWaitedForLongDoesToo) {
  start();
  EXPECT_FALSE(take(kBegin + 61s, 1));
  EXPECT_TRUE(turn_.hold(kBegin + 61s));
}

TEST_F(Turn, ATargetThatWasJustToldToGoOnComesFirst) {
  EXPECT_FALSE(turn_.hold(kBegin));
  EXPECT_FALSE(take(kBegin + 5ms, 100)) << "it may be about to send";
  EXPECT_TRUE(take(kBegin + 50ms, 100));
}

TEST_F(Turn, EndsBeforeAQueryIsGivenUpForIt) {
  EXPECT_TRUE(take(kBegin, 100));
  EXPECT_TRUE(take(kBegin + 29s, 100));
  EXPECT_FALSE(take(kBegin + 31s, 100));
  turn_.give_back(kBegin + 31s);
  start();
  EXPECT_FALSE(take(kBegin + 32s, 100));
  EXPECT_FALSE(turn_.hold(kBegin + 32s)) << "the targets have some seconds of their own";
  EXPECT_FALSE(take(kBegin + 37s, 100));
  EXPECT_TRUE(turn_.hold(kBegin + 37s));
}

TEST_F(Turn, AtTheEndItLastsUntilAllIsJudged) {
  EXPECT_TRUE(take(kBegin, 100, true));
  EXPECT_TRUE(take(kBegin + 1h, 100, true));
}

}  // namespace
}  // namespace ipw::replay
