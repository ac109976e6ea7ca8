#include "exporter/web/power_samples.hpp"

#include <gtest/gtest.h>

namespace ipw::web {
namespace {

using namespace std::chrono_literals;
using probes::ChannelId;

constexpr ChannelId kChannel{0};
constexpr MonoTime kStart{1h};

// 100 W for 5 s, then 300 W, read every 100 ms and known for 10 s.
void step(probes::PowerTimeline& timeline) {
  for (auto t = 0ms; t <= 10100ms; t += 100ms) {
    const double s = std::chrono::duration<double>(t).count();
    timeline.append(kChannel, kStart + t, Joules{s <= 5 ? 100 * s : 500 + 300 * (s - 5)});
  }
}

TEST(PowerSamples, AreTheMetersOwnUpdatesAndCoverTheWindow) {
  probes::PowerTimeline timeline(1, Seconds{60});
  step(timeline);
  const auto samples = power_samples(timeline, kChannel, {kStart + 4950ms, kStart + 5250ms}, 600);
  ASSERT_EQ(samples.size(), 4);  // half an update, two whole ones, half an update
  EXPECT_EQ(samples.front().over.begin, kStart + 4950ms);
  EXPECT_EQ(samples.back().over.end, kStart + 5250ms);
  EXPECT_NEAR(samples[0].mean->value, 100, 1e-6);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_NEAR(samples[i].mean->value, 300, 1e-6);
    EXPECT_EQ(samples[i].over.begin, samples[i - 1].over.end);
  }
}

TEST(PowerSamples, AreAtMostAsManyAsAskedAndLoseNoJoule) {
  probes::PowerTimeline timeline(1, Seconds{60});
  step(timeline);
  const auto samples = power_samples(timeline, kChannel, {kStart - 1h, kStart + 1h}, 7);
  ASSERT_EQ(samples.size(), 7);
  Joules sum{0};
  for (const auto& sample : samples) sum += *sample.mean * length(sample.over);
  EXPECT_NEAR(sum.value, 2000, 1e-6);
}

TEST(PowerSamples, OfAGapAreUnknownNotZero) {
  probes::PowerTimeline timeline(1, Seconds{60});
  step(timeline);
  timeline.append_gap(kChannel, kStart + 12s, Joules{5000});
  timeline.append(kChannel, kStart + 12100ms, Joules{5030});
  timeline.append(kChannel, kStart + 12200ms, Joules{5060});
  int unknown = 0;
  for (const auto& sample : power_samples(timeline, kChannel, {kStart + 9s, kStart + 13s}, 600))
    if (!sample.mean) ++unknown;
  EXPECT_EQ(unknown, 1);
}

TEST(PowerSamples, OutsideTheHistoryAreNone) {
  probes::PowerTimeline timeline(1, Seconds{60});
  step(timeline);
  EXPECT_TRUE(power_samples(timeline, kChannel, {kStart - 2s, kStart - 1s}, 600).empty());
  EXPECT_TRUE(power_samples(timeline, kChannel, {kStart + 20s, kStart + 21s}, 600).empty());
  EXPECT_TRUE(power_samples(timeline, kChannel, {kStart + 1s, kStart + 1s}, 600).empty());
  EXPECT_TRUE(power_samples(probes::PowerTimeline(1, Seconds{1}), kChannel, {kStart, kStart + 1s}, 600).empty());
}

}  // namespace
}  // namespace ipw::web
