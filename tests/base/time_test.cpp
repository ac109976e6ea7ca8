#include "base/time.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_clock.hpp"

namespace ipw {
namespace {

using namespace std::chrono_literals;

TEST(Time, WritesRfc3339InUtcWithMicroseconds) {
  struct Case {
    std::chrono::microseconds since_epoch;
    const char* text;
  } const cases[] = {
      {0us, "1970-01-01T00:00:00.000000Z"},
      {1us, "1970-01-01T00:00:00.000001Z"},
      {1795182113000001us, "2026-11-20T13:41:53.000001Z"},
      {1709164799999999us, "2024-02-28T23:59:59.999999Z"},
      {1709164800000000us, "2024-02-29T00:00:00.000000Z"},
      {-1us, "1969-12-31T23:59:59.999999Z"},
  };
  for (const auto& c : cases) EXPECT_EQ(rfc3339(WallTime(c.since_epoch)), c.text);
  EXPECT_EQ(rfc3339(WallTime(1999ns)), "1970-01-01T00:00:00.000001Z") << "cut, not rounded";
}

TEST(Time, AnAnchorCarriesMonotonicTimeToWallTime) {
  const WallAnchor anchor(MonoTime(100s), WallTime(1000s));
  EXPECT_EQ(anchor.wall(MonoTime(101500ms)), WallTime(1001500ms));
  EXPECT_EQ(anchor.wall(MonoTime(99s)), WallTime(999s));
}

TEST(Time, SleepingEndsAtItsTimeOrAtOnceWhenStopped) {
  const SteadyClock clock;
  std::stop_source stop;
  EXPECT_TRUE(clock.sleep_until(clock.now() - 1s, stop.get_token())) << "already past";
  const auto begin = clock.now();
  EXPECT_TRUE(clock.sleep_until(begin + 5ms, stop.get_token()));
  EXPECT_GE(clock.now(), begin + 5ms);

  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(clock.sleep_until(clock.now() + 1h, stop.get_token()));
  EXPECT_FALSE(clock.sleep_until(clock.now() + 1h, stop.get_token())) << "stopped before";
}

TEST(FakeClock, StandsStillUntilItIsMoved) {
  testing::FakeClock clock;
  const auto begin = clock.now();
  bool woke = false;
  std::jthread sleeper([&] { woke = clock.sleep_until(begin + 10s, {}); });
  clock.await_sleepers(1);
  EXPECT_EQ(clock.now(), begin);
  clock.advance(10s);
  sleeper.join();
  EXPECT_TRUE(woke);
}

}  // namespace
}  // namespace ipw
