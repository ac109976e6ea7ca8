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

// A point every `period`.
void feed(PowerTimeline& line, Ms until, Ms period, const std::function<double(double)>& joules_at) {
  for (auto t = 0ms; t <= until; t += period) line.append(kOnly, kStart + t, Joules{joules_at(seconds(t))});
}
double constant(double t) {
  return 300 * t;
}

TEST(PowerTimeline, ConstantPowerIsExactWhateverTheWindow) {
  struct Case {
    const char* name;
    Interval when;
    double joules;
  } const cases[] = {
      {"one second on the points", from_to(1000ms, 2000ms), 300},
      {"one second between the points", from_to(1013ms, 2013ms), 300},
      {"shorter than the points are apart", from_to(1005ms, 1015ms), 3},
      {"nothing", from_to(1005ms, 1005ms), 0},
  };
  for (const auto& c : cases) {
    PowerTimeline line(1, Seconds{60});
    feed(line, 10s, 50ms, constant);
    const auto energy = line.energy(kOnly, c.when);
    ASSERT_TRUE(energy) << c.name << ": " << energy.error().message;
    EXPECT_NEAR(energy->total.value, c.joules, 1e-9) << c.name;
  }
}

TEST(PowerTimeline, OneSecondOf300WattsIs300JoulesAtAnyPhase) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 50ms, constant);
  for (auto phase = 0us; phase < 50ms; phase += 700us)
    EXPECT_NEAR(line.energy(kOnly, from_to(2s + phase, 3s + phase))->total.value, 300, 1e-9) << phase.count();
}

TEST(PowerTimeline, UnknownIsNotZero) {
  PowerTimeline line(2, Seconds{60});
  feed(line, 5s, 50ms, constant);
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

TEST(PowerTimeline, ZeroWattsAreKnownLikeAnyOthers) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 50ms, [](double) { return 42.0; });
  EXPECT_EQ(line.covered_until(kOnly), kStart + 9950ms) << "what comes next may change the last edge";
  const auto energy = line.energy(kOnly, from_to(1s, 9990ms));
  ASSERT_TRUE(energy);
  EXPECT_EQ(energy->total, Joules{0});
  EXPECT_EQ(energy->sd, Joules{0});
}

TEST(PowerTimeline, WhatWasAnsweredOnceStays) {
  PowerTimeline line(1, Seconds{600});
  struct Answer {
    MonoTime at;
    double joules;
    std::optional<double> sd;  // of the half second before
  };
  const auto answer = [&](MonoTime at) {
    const auto energy = line.energy(kOnly, {at - 470ms, at});
    return Answer{at, line.cumulative(kOnly, at)->value, energy ? std::optional(energy->sd.value) : std::nullopt};
  };
  std::vector<Answer> answers;
  double joules = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto at = kStart + i * 50ms;
    if (i % 977 == 500)
      line.append_gap(kOnly, at);
    else if (i % 977 == 700)
      line.append_gap(kOnly, at, Joules{joules += 30});
    else
      line.append(kOnly, at, Joules{joules += (i / 100 % 3 == 0) ? 0 : (i % 7 == 0 ? 20 : i % 2 * 5)});
    answers.push_back(answer(*line.covered_until(kOnly)));
  }
  for (const auto& before : answers) {
    const auto now = answer(before.at);
    EXPECT_DOUBLE_EQ(now.joules, before.joules);
    EXPECT_EQ(now.sd.has_value(), before.sd.has_value());
    EXPECT_NEAR(now.sd.value_or(0), before.sd.value_or(0), 1e-9);
  }
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

// 100 W until 5 s, then 300 W.
double step(double t) {
  return 100 * t + 200 * std::max(0.0, t - 5);
}

TEST(PowerTimeline, UncertaintyIsThatOfItsEdges) {
  PowerTimeline line(1, Seconds{60});
  feed(line, 10s, 100ms, step);
  struct Case {
    const char* name;
    Interval when;
    double sd;
  } const cases[] = {
      {"both edges on a point", from_to(1000ms, 2000ms), 0},
      {"steady power", from_to(1050ms, 2050ms), 0},
      {"in the interval before the step: it may have been earlier", from_to(4950ms, 6000ms), 200 * 0.1 / 4},
      {"in the interval after the step: it may have been later", from_to(4000ms, 5050ms), 200 * 0.1 / 4},
      {"both", from_to(4950ms, 5050ms), 200 * 0.1 / 4 * std::sqrt(2)},
      {"within one interval: it may have drawn all of that or nothing", from_to(1010ms, 1030ms), 10 * std::sqrt(0.16)},
  };
  for (const auto& c : cases) EXPECT_NEAR(line.energy(kOnly, c.when)->sd.value, c.sd, 1e-9) << c.name;
}

TEST(PowerTimeline, UncertainInstantsAreUncertainJoules) {
  PowerTimeline line(1, Seconds{60});
  for (auto t = 0ms; t <= 10s; t += 100ms)
    line.append(kOnly, {kStart + t, Joules{constant(seconds(t))}, Seconds{0.01}, 0});
  EXPECT_NEAR(line.energy(kOnly, from_to(1000ms, 2000ms))->sd.value, 300 * 0.01 * std::sqrt(2), 1e-6);
  EXPECT_NEAR(line.energy(kOnly, from_to(1050ms, 2050ms))->sd.value, 300 * 0.01, 1e-6) << "two halves make less";
}

TEST(PowerTimeline, WhatReadingsLeftOpenAddsUp) {
  PowerTimeline line(1, Seconds{60});
  for (int i = 0; i <= 100; ++i) line.append(kOnly, {kStart + i * 100ms, Joules{30.0 * i}, Seconds{0}, 4.0 * i});
  EXPECT_NEAR(line.energy(kOnly, from_to(1000ms, 2000ms))->sd.value, std::sqrt(4.0 * 10), 1e-9);
}

TEST(PowerTimeline, HistoryIsBounded) {
  PowerTimeline line(1, Seconds{2});
  feed(line, 60s, 50ms, constant);
  EXPECT_GE(*line.covered_since(kOnly), kStart + 57900ms);
  EXPECT_LE(*line.covered_since(kOnly), kStart + 58s);
  EXPECT_LE(line.points(kOnly, from_to(0s, 60s)).size(), 41U);
}

TEST(PowerTimeline, WhatIsRecentStaysAlsoWhenTheBooksAreDoneWithIt) {
  PowerTimeline line(1, {Seconds{3600}, Seconds{500}});
  line.forget_before(kStart + 990s);
  feed(line, 1000s, 1s, constant);
  EXPECT_EQ(line.covered_since(kOnly), kStart + 499s);
}

TEST(PowerTimeline, WhatTheBooksAreDoneWithIsForgottenAfterFiveMinutes) {
  PowerTimeline line(1, Seconds{3600});
  feed(line, 1000s, 1s, constant);
  EXPECT_EQ(line.covered_since(kOnly), kStart) << "the books may need all of it";
  line.forget_before(kStart + 990s);
  line.append(kOnly, kStart + 1001s, Joules{constant(1001)});
  EXPECT_EQ(line.covered_since(kOnly), kStart + 700s);
  line.forget_before(kStart + 710s);
  feed(line, 1100s, 1s, constant);
  EXPECT_EQ(line.covered_since(kOnly), kStart + 709s);
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

TEST(PowerTimeline, AResetIsKnownWhereItWas) {
  PowerTimeline line(1, Seconds{600});
  line.append(kOnly, kStart, Joules{0});
  line.append(kOnly, kStart + 100ms, Joules{30});
  line.append_gap(kOnly, kStart + 200ms, Joules{30});
  line.append(kOnly, kStart + 300ms, Joules{60});
  line.append_gap(kOnly, kStart + 400ms, Joules{60}, true);
  line.append_gap(kOnly, kStart + 500ms, Joules{60});
  line.append(kOnly, kStart + 600ms, Joules{90});
  const struct {
    const char* name;
    std::chrono::milliseconds from, to;
    bool reset;
  } cases[] = {
      {"before", 0ms, 250ms, false},     {"a silence is none", 120ms, 180ms, false},
      {"up to it", 250ms, 300ms, false}, {"into it", 250ms, 310ms, true},
      {"within", 310ms, 320ms, true},    {"out of it", 390ms, 600ms, true},
      {"over it", 0ms, 600ms, true},     {"after it", 400ms, 600ms, false},
      {"beyond", 610ms, 700ms, false},
  };
  for (const auto& c : cases) EXPECT_EQ(line.has_reset(kOnly, {kStart + c.from, kStart + c.to}), c.reset) << c.name;
}

}  // namespace
}  // namespace ipw::probes
