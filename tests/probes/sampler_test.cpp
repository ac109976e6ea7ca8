#include "probes/sampler.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/fake_clock.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{std::chrono::hours(1)};

TEST(TickSchedule, DeadlinesAreAbsoluteAndMissedOnesAreCounted) {
  struct Case {
    const char* name;
    std::chrono::milliseconds begun, done;
    std::chrono::milliseconds next;
    std::uint64_t missed;
  } const cases[] = {
      {"in time", 0ms, 1ms, 100ms, 0},
      {"late, and no later the next time", 30ms, 35ms, 100ms, 0},
      {"a long reading makes the next tick late", 0ms, 130ms, 100ms, 0},
      {"three ticks came and went in one reading", 0ms, 350ms, 300ms, 2},
      {"asleep through three ticks", 350ms, 351ms, 300ms, 2},
  };
  for (const auto& c : cases) {
    TickSchedule schedule(kStart, Seconds{0.1});
    EXPECT_EQ(schedule.next(), kStart) << c.name;
    EXPECT_EQ(schedule.on_read(kStart + c.begun, kStart + c.done), c.missed) << c.name;
    EXPECT_EQ(schedule.next(), std::max(kStart + c.next, kStart + c.begun + 10ms)) << c.name;
  }
}

TEST(TickSchedule, NudgesMoveNoTickAndAreATenthOfThePeriodApart) {
  TickSchedule schedule(kStart, Seconds{0.1});
  static_cast<void>(schedule.on_read(kStart, kStart + 1ms));
  EXPECT_EQ(schedule.next_nudged(), kStart + 10ms);
  EXPECT_EQ(schedule.on_read(kStart + 42ms, kStart + 43ms), 0U);
  EXPECT_EQ(schedule.next(), kStart + 100ms);
  EXPECT_EQ(schedule.next_nudged(), kStart + 52ms);
  static_cast<void>(schedule.on_read(kStart + 97ms, kStart + 98ms));
  EXPECT_EQ(schedule.next(), kStart + 107ms) << "a tick right after a nudge waits for its tenth";
  static_cast<void>(schedule.on_read(kStart + 107ms, kStart + 108ms));
  EXPECT_EQ(schedule.next(), kStart + 200ms);
}

TEST(TickSchedule, WhatSuffersFromReadingIsNotReadMoreOften) {
  TickSchedule schedule(kStart, Seconds{2}, Seconds{1});
  static_cast<void>(schedule.on_read(kStart, kStart + 1ms));
  EXPECT_EQ(schedule.next_nudged(), kStart + 1s);
  EXPECT_EQ(schedule.next(), kStart + 2s);
}

TEST(TickSchedule, ExtraReadingsTakeAQuarterOfAPercentOfTheTimeForAllTheyCost) {
  for (const auto& [read, cpu] : {std::pair{400us, Seconds{0}}, {10us, Seconds{400e-6}}}) {
    TickSchedule schedule(kStart, Seconds{0.05});
    int readings = 0;
    for (auto now = schedule.next(); now < kStart + 600s; now = schedule.next(), ++readings)
      static_cast<void>(schedule.on_read(now, now + read, Seconds{0.001}, cpu));
    const double extra = readings - 600 * 20;
    EXPECT_NEAR(extra * 400e-6, 0.3 + 600 * 0.0025, 0.4) << read.count();
  }
}

// A counter at 100 W whose reads take as long as the test wants.
class SlowSource final : public PowerSource {
 public:
  SlowSource(testing::FakeClock& clock, std::atomic<int>& reads) : clock_(clock), reads_(reads) {
    channel_.name = "slow";
    channel_.device = {"slow", "slow"};
  }
  std::span<const Channel> channels() const override { return {&channel_, 1}; }
  std::vector<Result<StampedReading>> read() override {
    const auto at = clock_.now();
    if (++reads_ == 3) clock_.advance(240ms);
    return {StampedReading{at, Joules{100 * between(kStart, at).value}}};
  }

 private:
  testing::FakeClock& clock_;
  std::atomic<int>& reads_;
  Channel channel_;
};

template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(Sampler, ReadsAtItsTicksAndWhenNudged) {
  testing::FakeClock clock;
  std::atomic<int> reads{0};
  PowerTimeline timeline(1, Seconds{60});
  Sampler sampler("slow", std::make_unique<SlowSource>(clock, reads), ChannelId{0}, Seconds{0.05}, timeline, clock);
  ASSERT_TRUE(eventually([&] { return sampler.status().reads == 1; })) << "at once";
  clock.advance(20ms);
  sampler.nudge();
  ASSERT_TRUE(eventually([&] { return sampler.status().reads == 2; })) << "nudged";
  EXPECT_TRUE(timeline.cumulative(ChannelId{0}, kStart + 20ms));
  clock.advance(30ms);  // the third read takes 240 ms: four ticks come meanwhile, the last is read late
  ASSERT_TRUE(eventually([&] { return sampler.status().reads == 4; }));
  const auto status = sampler.status();
  EXPECT_EQ(status.missed_ticks, 3U);
  EXPECT_NEAR(status.read_time.value, 0.24, 1e-9);
  EXPECT_GT(status.cpu_time.value, 0);
  EXPECT_LT(status.cpu_time.value, 5);
  ASSERT_EQ(status.channels.size(), 1U);
  EXPECT_TRUE(status.channels[0].up);
  EXPECT_NEAR(status.channels[0].power->value, 100, 1e-6);
}

TEST(Sampler, EndsAtOnceWhileItWaits) {
  testing::FakeClock clock;
  std::atomic<int> reads{0};
  PowerTimeline timeline(1, Seconds{60});
  const auto begun = std::chrono::steady_clock::now();
  {
    Sampler sampler("slow", std::make_unique<SlowSource>(clock, reads), ChannelId{0}, Seconds{3600}, timeline, clock);
    ASSERT_TRUE(eventually([&] { return reads == 1; }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

}  // namespace
}  // namespace ipw::probes
