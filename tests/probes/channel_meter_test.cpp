#include "probes/channel_meter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{std::chrono::hours(1)};

Channel board() {
  Channel channel;
  channel.name = "gpu0";
  channel.max_power = Watts{1000};
  return channel;
}

// A board at 300 W whose counter and power sensor may each lie.
class Bench {
 public:
  void run(Seconds time, double counter_gain, double power_gain = 1) {
    for (const auto until = t_ + time.value; t_ < until; t_ += 0.05) {
      counted_ += 300 * 0.05 * counter_gain;
      StampedReading reading{now(), Joules{counted_}};
      reading.power = StampedWatts{now(), Watts{300 * power_gain + (++n_ % 2)}};
      meter.feed(reading, out);
    }
  }
  MonoTime now() const { return kStart + to_chrono(Seconds{t_}); }
  double joules() const { return out.points.back().cumulative.value; }

  ChannelMeter meter{board(), Seconds{0.05}};
  ChannelMeter::Output out;

 private:
  double t_{0}, counted_{5000};
  int n_{0};
};

TEST(ChannelMeter, TheCounterCountsAndItsRatioIsTold) {
  Bench bench;
  bench.run(Seconds{5}, 1);
  EXPECT_FALSE(bench.meter.crosscheck()) << "no window is full yet";
  bench.run(Seconds{75}, 1);
  EXPECT_NEAR(*bench.meter.crosscheck(), 1, 0.01);
  EXPECT_EQ(bench.meter.choice(), CrossCheck::Choice::counter);
  EXPECT_NEAR(bench.joules(), 300 * 80, 20);
}

TEST(ChannelMeter, ACounterThatStraysIsReplacedByTheIntegral) {
  Bench bench;
  bench.run(Seconds{200}, 0.57);  // a counter of 187 J where the power makes 327
  EXPECT_NEAR(*bench.meter.crosscheck(), 0.57, 0.01);
  EXPECT_EQ(bench.meter.choice(), CrossCheck::Choice::power);
  EXPECT_NE(bench.meter.choice_reason().find("0.569"), std::string::npos) << bench.meter.choice_reason();
  EXPECT_NEAR(bench.joules(), 300 * (0.57 * 20 + 180), 300) << "from the second window on";
  bench.run(Seconds{200}, 1);
  EXPECT_EQ(bench.meter.choice(), CrossCheck::Choice::counter) << "it agrees again";
  const double before = bench.joules();
  bench.run(Seconds{10}, 1);
  EXPECT_NEAR(bench.joules() - before, 3000, 20);
}

TEST(ChannelMeter, AFrozenCounterIsNotBelievedWhilePowerIsDrawn) {
  Bench bench;
  bench.run(Seconds{10}, 1);
  bench.run(Seconds{10}, 0);
  EXPECT_EQ(bench.meter.choice(), CrossCheck::Choice::power);
  int unknown = 0;
  double known_joules = 0, last = 0;
  for (const auto& point : bench.out.points) {
    if (!point.known) ++unknown;
    if (point.known) known_joules += point.cumulative.value - last;
    last = point.cumulative.value;
  }
  EXPECT_EQ(unknown, 1) << "the time until it was noticed is a gap, and no rest";
  EXPECT_NEAR(known_joules, 300 * 18, 150);
}

TEST(ChannelMeter, ACounterAtRestWithoutPowerIsARest) {
  Bench bench;
  bench.run(Seconds{10}, 1);
  const auto points = bench.out.points.size();
  for (int i = 0; i < 100; ++i) {
    StampedReading reading{bench.now() + i * 50ms, Joules{5000 + 3000}};
    reading.power = StampedWatts{reading.at, Watts{0}};
    bench.meter.feed(reading, bench.out);
  }
  EXPECT_GT(bench.out.points.size(), points + 50);
  EXPECT_NEAR(between(bench.now(), bench.out.points.back().at).value, 4.95, 0.01);
  EXPECT_TRUE(bench.out.points.back().known);
}

// Random faults of both sides. `slack` is what a fault may hide or move at its edges.
TEST(ChannelMeter, NoFaultEverAddsAJouleThatWasNotDrawn) {
  std::mt19937_64 random(20261121);
  const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random); };
  const auto uniform = [&](double a, double b) { return std::uniform_real_distribution(a, b)(random); };
  for (int sequence = 0; sequence < 10000; ++sequence) {
    auto channel = board();
    if (chance(0.5)) channel.wraps_at = Joules{uniform(2000, 300000)};
    ChannelMeter meter(channel, Seconds{0.05});
    ChannelMeter::Output out;
    double t = 0, truth = 0, origin = uniform(0, 2000), watts = 100, worst_step = 0;
    const double update = chance(0.5) ? 0 : uniform(0.005, 0.3);
    double shown = truth, frozen_until = -1;
    const bool witness = chance(0.5);
    for (int i = 0; i < 60; ++i) {
      if (chance(0.1)) watts = uniform(0, 900);
      const double dt = chance(0.02) ? uniform(1, 30) : 0.05;
      const double before = truth;
      t += dt;
      truth += watts * dt;
      worst_step = std::max(worst_step, truth - before);
      if (chance(0.01)) frozen_until = t + uniform(0, 3);
      if (t > frozen_until && (update == 0 || std::fmod(t, update) < dt)) shown = truth;
      if (chance(0.01)) origin = -shown;  // a driver reload: it begins at 0
      double value = shown + origin;
      if (channel.wraps_at) value = std::fmod(value, channel.wraps_at->value);
      const bool faulty = i < 55;  // a last reading that looks plausible is believed until the next
      if (faulty && chance(0.02)) value = chance(0.5) ? uniform(0, 1e6) : -1;
      if (faulty && chance(0.01)) value = std::numeric_limits<double>::quiet_NaN();
      if (chance(0.02)) {
        meter.interrupt(out);
        continue;
      }
      StampedReading reading{kStart + to_chrono(Seconds{t}), Joules{value}};
      if (witness) reading.power = StampedWatts{reading.at, Watts{chance(0.02) ? uniform(-1e9, 1e9) : watts}};
      meter.feed(reading, out);
    }
    double last = 0;
    for (const auto& point : out.points) {
      EXPECT_GE(point.cumulative.value, last) << "sequence " << sequence;
      last = point.cumulative.value;
    }
    EXPECT_LE(last, truth + 1e-6) << "sequence " << sequence;
  }
}

}  // namespace
}  // namespace ipw::probes
