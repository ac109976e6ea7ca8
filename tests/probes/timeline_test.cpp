#include "probes/timeline.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using Ms = std::chrono::milliseconds;

constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr ChannelId kOnly{0};
Interval from_to(std::chrono::microseconds a, std::chrono::microseconds b) {
  return {kStart + a, kStart + b};
}
double seconds(std::chrono::nanoseconds t) {
  return std::chrono::duration<double>(t).count();
}

// Feeds what a sensor that moves its counter every `update` shows when it is read every `period`.
void feed(PowerTimeline& line, Ms until, Ms update, Ms period, const std::function<double(double)>& joules_at) {
  for (auto t = 0ms; t <= until; t += period)
    line.append(kOnly, kStart + t, Joules{joules_at(seconds(t / update * update))});
}
double constant(double t) {
  return 300 * t;
}

TEST(PowerTimeline, ConstantPowerIsExactWhateverTheWindow) {
  struct Case {
    const char* name;
    Ms update, period;
    Interval when;
    double joules;
  } const cases[] = {
      {"one second on the readings", 1ms, 50ms, from_to(1000ms, 2000ms), 300},
      {"one second between the readings", 1ms, 50ms, from_to(1013ms, 2013ms), 300},
      {"a slow sensor, between its updates", 100ms, 10ms, from_to(1013ms, 2013ms), 300},
      {"a slow sensor read out of step", 100ms, 50ms, from_to(1037ms, 2037ms), 300},
      {"shorter than an update", 100ms, 10ms, from_to(1005ms, 1015ms), 3},
      {"nothing", 100ms, 10ms, from_to(1005ms, 1005ms), 0},
  };
  for (const auto& c : cases) {
    PowerTimeline line(1, Seconds{60});
    feed(line, 10s, c.update, c.period, constant);
    const auto energy = line.energy(kOnly, c.when);
    ASSERT_TRUE(energy) << c.name << ": " << energy.error().message;
    EXPECT_NEAR(energy->total.value, c.joules, 1e-9) << c.name;
  }
}

TEST(PowerTimeline, OneSecondOf300WattsIs300JoulesAtAnyPhase) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 1ms, 50ms, constant);
  for (auto phase = 0us; phase < 50ms; phase += 700us)
    EXPECT_NEAR(line.energy(kOnly, from_to(2s + phase, 3s + phase))->total.value, 300, 1e-9) << phase.count();
}

TEST(PowerTimeline, UnknownIsNotZero) {
  PowerTimeline line(2, Seconds{60});
  feed(line, 5s, 1ms, 50ms, constant);
  struct Case {
    const char* name;
    ChannelId channel;
    Interval when;
    const char* message;
  } const cases[] = {
      {"ends after the last reading", kOnly, from_to(4500ms, 5500ms), "has not come that far yet"},
      {"begins before the first", kOnly, from_to(-10ms, 1000ms), "does not reach back that far"},
      {"never read", ChannelId{1}, from_to(0ms, 1ms), "has not been read yet"},
  };
  for (const auto& c : cases) {
    const auto energy = line.energy(c.channel, c.when);
    ASSERT_FALSE(energy) << c.name;
    EXPECT_EQ(energy.error().code, Errc::unavailable) << c.name;
    EXPECT_NE(energy.error().message.find(c.message), std::string::npos) << c.name << ": " << energy.error().message;
  }
  EXPECT_FALSE(line.covered_until(ChannelId{1}));
  EXPECT_FALSE(line.cumulative(kOnly, kStart + 6s));
}

TEST(PowerTimeline, ZeroWattsAreKnownAtOnceAndCostNoMemory) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 1ms, 50ms, [](double) { return 42.0; });
  EXPECT_EQ(line.covered_until(kOnly), kStart + 10s);
  const auto energy = line.energy(kOnly, from_to(1s, 9990ms));
  ASSERT_TRUE(energy);
  EXPECT_EQ(energy->total, Joules{0});
  EXPECT_EQ(energy->sd, Joules{0});
  EXPECT_TRUE(line.points(kOnly, from_to(1ms, 9s)).empty());
}

TEST(PowerTimeline, APauseIsNotSmearedIntoWhatFollows) {
  // 100 W until 2 s, nothing until 2.4 s, 100 W again.
  const auto joules = [](double t) { return 100 * (std::min(t, 2.0) + std::max(0.0, t - 2.4)); };
  PowerTimeline fast(1, Seconds{60}), slow(1, Seconds{60});
  feed(fast, 5s, 1ms, 50ms, joules);
  EXPECT_NEAR(fast.energy(kOnly, from_to(2400ms, 2900ms))->total.value, 50, 1e-6);
  EXPECT_NEAR(fast.energy(kOnly, from_to(2000ms, 2400ms))->total.value, 0, 1e-6);
  // A sensor of 100 ms may hold back that much of a pause, and no more.
  feed(slow, 5s, 100ms, 50ms, joules);
  EXPECT_NEAR(slow.energy(kOnly, from_to(2400ms, 2900ms))->total.value, 50, 100 * 0.1);
}

TEST(PowerTimeline, ASlowSensorAtWorkIsNotBelievedToRest) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 4970ms, 300ms, 10ms, constant);
  EXPECT_EQ(line.covered_until(kOnly), kStart + 4800ms) << "its last update";
  EXPECT_NEAR(line.update_period(kOnly)->value, 0.3, 1e-9);
  // Once it rests for longer than it ever did at work, it is.
  for (auto t = 4980ms; t <= 6000ms; t += 10ms) line.append(kOnly, kStart + t, Joules{constant(4.8)});
  EXPECT_EQ(line.covered_until(kOnly), kStart + 5700ms);
  EXPECT_EQ(line.energy(kOnly, from_to(4900ms, 5600ms))->total, Joules{0});
}

TEST(PowerTimeline, WhatWasAnsweredOnceStays) {
  PowerTimeline line(1, Seconds{600});
  std::vector<std::pair<MonoTime, double>> answers;
  double joules = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto at = kStart + i * 50ms;
    if (i % 977 == 500)
      line.append_gap(kOnly, at);
    else if (i % 977 == 700)
      line.append_gap(kOnly, at, Joules{joules += 30});
    else
      line.append(kOnly, at, Joules{joules += (i / 100 % 3 == 0) ? 0 : (i % 7 == 0 ? 20 : i % 2 * 5)});
    const auto until = *line.covered_until(kOnly);
    answers.emplace_back(until, line.cumulative(kOnly, until)->value);
  }
  for (const auto& [at, before] : answers) EXPECT_DOUBLE_EQ(line.cumulative(kOnly, at)->value, before);
}

TEST(PowerTimeline, AGapIsRefusedAndItsJoulesAppearAtItsEnd) {
  PowerTimeline line(1, Seconds{60});
  for (auto t = 0ms; t <= 1000ms; t += 50ms) line.append(kOnly, kStart + t, Joules{constant(seconds(t))});
  line.append_gap(kOnly, kStart + 1050ms);
  line.append_gap(kOnly, kStart + 1900ms);
  EXPECT_EQ(line.covered_until(kOnly), kStart + 1900ms) << "the books can move on";
  for (auto t = 2000ms; t <= 3000ms; t += 50ms) line.append(kOnly, kStart + t, Joules{constant(seconds(t))});

  EXPECT_FALSE(line.energy(kOnly, from_to(500ms, 2500ms)));
  EXPECT_FALSE(line.energy(kOnly, from_to(1200ms, 1300ms)));
  EXPECT_NE(line.energy(kOnly, from_to(990ms, 1010ms)).error().message.find("gap"), std::string::npos);
  EXPECT_NEAR(line.energy(kOnly, from_to(0ms, 1000ms))->total.value, 300, 1e-9) << "up to it";
  EXPECT_NEAR(line.energy(kOnly, from_to(2000ms, 3000ms))->total.value, 300, 1e-9) << "from its end";
  EXPECT_NEAR(line.cumulative(kOnly, kStart + 1999ms)->value, 300, 1e-9);
  EXPECT_NEAR(line.cumulative(kOnly, kStart + 2000ms)->value, 600, 1e-9);
}

TEST(PowerTimeline, ReadingsBeforeTheLastKnownInstantAreIgnored) {
  PowerTimeline line(1, Seconds{60});
  line.append(kOnly, kStart, Joules{0});
  line.append(kOnly, kStart + 50ms, Joules{10});
  line.append(kOnly, kStart + 50ms, Joules{99});
  EXPECT_EQ(line.cumulative(kOnly, kStart + 50ms), Joules{10});
  line.append(kOnly, kStart + 100ms, Joules{110});
  EXPECT_EQ(line.cumulative(kOnly, kStart + 100ms), Joules{110}) << "no energy is lost by that";
}

TEST(PowerTimeline, UncertaintyIsThatOfTwoEdgesUniformOverTheirUpdateInterval) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 1ms, 50ms, constant);
  EXPECT_EQ(line.energy(kOnly, from_to(1000ms, 2000ms))->sd.value, 0) << "both edges on a reading";
  double sum = 0;
  int n = 0;
  // The two edges pass through all pairs of phases.
  for (auto a = 500us; a < 50ms; a += 1000us)
    for (auto b = 500us; b < 50ms; b += 1000us, ++n)
      sum += std::pow(line.energy(kOnly, from_to(1s + a, 2s + b))->sd.value, 2);
  EXPECT_NEAR(std::sqrt(sum / n), 300 * 0.05 / std::sqrt(6), 0.01);
}

TEST(PowerTimeline, ASensorSlowerThanItsReaderIsUncertainEvenOnAPoint) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 100ms, 50ms, constant);
  EXPECT_NEAR(line.energy(kOnly, from_to(1000ms, 2000ms))->sd.value, 300 * 0.05 / std::sqrt(6), 1e-6)
      << "each update happened some time in the 50 ms before it was seen";
}

TEST(PowerTimeline, HistoryIsBounded) {
  PowerTimeline line(1, Seconds{2});
  feed(line, 60s, 1ms, 50ms, constant);
  EXPECT_GE(*line.covered_since(kOnly), kStart + 57900ms);
  EXPECT_LE(*line.covered_since(kOnly), kStart + 58s);
  EXPECT_LE(line.points(kOnly, from_to(0s, 60s)).size(), 41U);
}

TEST(PowerTimeline, PowerIsThatOfTheNewestStretch) {
  PowerTimeline line(1, Seconds{60});
  EXPECT_FALSE(line.power(kOnly));
  line.append(kOnly, kStart, Joules{0});
  EXPECT_FALSE(line.power(kOnly));
  line.append(kOnly, kStart + 50ms, Joules{15});
  EXPECT_NEAR(line.power(kOnly)->value, 300, 1e-9);
  line.append(kOnly, kStart + 100ms, Joules{15});
  EXPECT_EQ(line.power(kOnly), Watts{0});
  line.append_gap(kOnly, kStart + 150ms);
  EXPECT_FALSE(line.power(kOnly)) << "unknown is not zero";
}

}  // namespace
}  // namespace ipw::probes
