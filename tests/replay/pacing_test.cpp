#include "replay/pacing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kBegin{1h};

std::unique_ptr<Pacing> pacing_of(std::string_view schedule, std::string_view name = "local") {
  auto options = testing::options_from(schedule);
  auto opened = open_pacing(options, name);
  if (opened) return std::move(*opened);
  ADD_FAILURE() << opened.error().message;
  return nullptr;
}

// The first `count` scheduled times, in seconds from the first call, of queries that all go out in time.
std::vector<double> times_of(Pacing& pacing, int count) {
  std::vector<double> times;
  auto now = kBegin;
  for (int i = 0; i < count; ++i) {
    now = std::max(now, pacing.next(now));
    times.push_back(between(kBegin, now).value);
    pacing.sent();
  }
  return times;
}

std::vector<double> gaps_of(const std::vector<double>& times) {
  std::vector<double> gaps(times.size());
  std::adjacent_difference(times.begin(), times.end(), gaps.begin());
  gaps.erase(gaps.begin());
  return gaps;
}

TEST(ClosedLoop, SendsAtOnceWhileAPlaceIsFree) {
  const auto pacing = pacing_of("mode: closed\nconcurrency: 4");
  EXPECT_EQ(pacing->max_in_flight(), 4U);
  for (const auto now : {kBegin, kBegin + 5s}) {
    EXPECT_EQ(pacing->next(now), now);
    pacing->sent();
  }
  EXPECT_EQ(pacing_of("concurrency: 4096")->max_in_flight(), 4096U);
}

TEST(ClosedLoop, OneAtATimeByDefault) {
  auto options = Options::none();
  const auto pacing = open_pacing(options);
  ASSERT_TRUE(pacing);
  EXPECT_EQ((*pacing)->max_in_flight(), 1U);
}

TEST(Constant, AThousandTimesAreExact) {
  const struct {
    const char* rate;
    std::function<std::chrono::nanoseconds(int)> time;
  } cases[] = {
      {"20/s", [](int i) { return i * 50ms; }},
      {"60/m", [](int i) { return i * 1s; }},
      {"2.5/h", [](int i) { return i * 1440s; }},
      {"3/s", [](int i) { return std::chrono::nanoseconds(std::llround(i * 1e9 / 3)); }},
      {"100000/s", [](int i) { return i * 10us; }},
  };
  for (const auto& c : cases) {
    const auto pacing = pacing_of("mode: constant\nrate: " + std::string(c.rate));
    EXPECT_EQ(pacing->max_in_flight(), 1024U);
    auto now = kBegin;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(pacing->next(now) - kBegin, c.time(i)) << c.rate << " #" << i;
      now = kBegin + c.time(i);
      pacing->sent();
    }
  }
}

// Asked too late, and too often: the times are those that were fixed ahead.
TEST(OpenLoop, LatenessMovesNoLaterTime) {
  for (const auto* schedule : {"mode: constant\nrate: 7/s", "mode: poisson\nrate: 7/s"}) {
    const auto in_time = pacing_of(schedule), late = pacing_of(schedule);
    const auto expected = times_of(*in_time, 500);
    auto now = kBegin;
    for (int i = 0; i < 500; ++i) {
      if (i == 100) now += 20s;
      const auto scheduled = late->next(now);
      EXPECT_EQ(late->next(now + 1ms), scheduled) << "told again until it was sent";
      ASSERT_DOUBLE_EQ(between(kBegin, scheduled).value, expected[static_cast<std::size_t>(i)])
          << schedule << " #" << i;
      now = std::max(now + 1ms, scheduled + 3ms);
      late->sent();
    }
  }
}

TEST(Poisson, GapsAreExponential) {
  for (const auto* seed : {"1", "2", "77"}) {
    constexpr int kCount = 20000;
    constexpr double kRate = 5;
    const auto pacing = pacing_of("mode: poisson\nrate: 5/s\nseed: " + std::string(seed));
    auto gaps = gaps_of(times_of(*pacing, kCount + 1));
    const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / kCount;
    double squares = 0, lagged = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      squares += (gaps[i] - mean) * (gaps[i] - mean);
      if (i > 0) lagged += (gaps[i] - mean) * (gaps[i - 1] - mean);
    }
    // Four standard errors each: of the mean 1/sqrt(n), of the variance sqrt(8/n), of the correlation 1/sqrt(n).
    const double error = 4 / std::sqrt(kCount);
    EXPECT_NEAR(mean * kRate, 1, error) << seed;
    EXPECT_NEAR(squares / kCount * kRate * kRate, 1, error * std::sqrt(8)) << seed;
    EXPECT_NEAR(lagged / squares, 0, error) << seed << ": a gap tells nothing of the next";
    // Kolmogorov and Smirnov's distance; 1.95/sqrt(n) is exceeded once in a thousand.
    std::ranges::sort(gaps);
    double distance = 0;
    for (int i = 0; i < kCount; ++i) {
      const double expected = 1 - std::exp(-kRate * gaps[static_cast<std::size_t>(i)]);
      distance =
          std::max({distance, std::abs(expected - double(i) / kCount), std::abs(expected - double(i + 1) / kCount)});
    }
    EXPECT_LT(distance, 1.95 / std::sqrt(kCount)) << seed;
  }
}

TEST(Poisson, TheSeedAndTheTargetDecide) {
  const auto times = [](const std::string& seed, std::string_view name) {
    return times_of(*pacing_of("mode: poisson\nrate: 5/s\nseed: " + seed, name), 50);
  };
  EXPECT_EQ(times("1", "a"), times("1", "a"));
  EXPECT_NE(times("1", "a"), times("2", "a"));
  EXPECT_NE(times("1", "a"), times("1", "b")) << "two targets beat together";
  EXPECT_EQ(pacing_of("mode: poisson\nrate: 5/s\nmax_in_flight: 7")->max_in_flight(), 7U);
}

TEST(Trickle, OneInEachSlotAnywhereInIt) {
  const auto pacing = pacing_of("mode: trickle\nrate: 60/h");
  EXPECT_EQ(pacing->max_in_flight(), 1U);
  const auto times = times_of(*pacing, 10000);
  int tenths[10] = {};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double place = times[i] / 60 - static_cast<double>(i);
    ASSERT_GE(place, 0) << i;
    ASSERT_LT(place, 1) << i;
    ++tenths[static_cast<int>(place * 10)];
  }
  double chi_square = 0;
  for (const auto n : tenths) chi_square += (n - 1000.0) * (n - 1000.0) / 1000;
  EXPECT_LT(chi_square, 27.9) << "9 degrees of freedom, once in a thousand";
}

// Whatever holds a query up, there are never two of one slot, and none goes out late.
TEST(Trickle, MissedSlotsAreSkippedAndNeverCaughtUp) {
  const auto in_time = times_of(*pacing_of("mode: trickle\nrate: 60/h"), 3000);
  const auto pacing = pacing_of("mode: trickle\nrate: 60/h");
  auto now = kBegin;
  double last_slot = -1;
  int skipped = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto scheduled = pacing->next(now);
    const double slot = std::floor(between(kBegin, scheduled).value / 60);
    ASSERT_GT(slot, last_slot) << i;
    skipped += static_cast<int>(slot - last_slot) - 1;
    ASSERT_DOUBLE_EQ(between(kBegin, scheduled).value, in_time[static_cast<std::size_t>(slot)]) << "moved";
    ASSERT_GE(scheduled + 1s, now) << "caught up";
    last_slot = slot;
    now = std::max(now, scheduled) + std::chrono::seconds(i % 10 == 0 ? 400 : i % 3 == 0 ? 70 : 5);
    pacing->sent();
  }
  EXPECT_GT(skipped, 600);
  EXPECT_LT(skipped, 1500);
}

TEST(Trickle, ASlowThreadIsNotAMissedSlot) {
  const auto pacing = pacing_of("mode: trickle\nrate: 1/m");
  const auto first = pacing->next(kBegin);
  EXPECT_EQ(pacing->next(first + 999ms), first);
  EXPECT_GT(pacing->next(first + 1001ms), first) << "held back";
}

TEST(Trickle, AYearOfSilenceIsSkippedAtOnce) {
  const auto pacing = pacing_of("mode: trickle\nrate: 1/s");
  pacing->next(kBegin);
  const auto now = kBegin + 24h * 365;
  EXPECT_GE(pacing->next(now) + 100ms, now);
  EXPECT_LT(pacing->next(now), now + 3s);
}

TEST(Pacing, SaysWhatItIs) {
  EXPECT_EQ(pacing_of("concurrency: 3")->text(), "closed, 3 at once");
  EXPECT_EQ(pacing_of("mode: constant\nrate: 20/s")->text(), "constant, 20/s");
  EXPECT_EQ(pacing_of("mode: trickle\nrate: 60/h")->text(), "trickle, 60/h");
}

TEST(Pacing, WhatIsRefusedAndWhere) {
  const struct {
    const char* schedule;
    const char* message;
  } cases[] = {
      {"mode: close",
       "test.yaml:1:7: unknown value `close`, did you mean `closed`? (accepted: closed, constant, poisson, trickle)"},
      {"rate: 2/s\nmode: constnat", "test.yaml:2:7: unknown value `constnat`, did you mean `constant`?"},
      {"mode: closed\nconcurrency: 0", "test.yaml:2:14: `0` is out of range: 1 to 4096"},
      {"concurrency: 4097", "test.yaml:1:14: `4097` is out of range: 1 to 4096"},
      {"concurency: 2", "test.yaml:1:1: unknown key `concurency`, did you mean `concurrency`?"},
      {"mode: constant", "test.yaml:1:1: `rate` is missing: it has no default"},
      {"mode: constant\nrate: 2", "test.yaml:2:7: expected a rate such as 2/s or 60/h, got `2`"},
      {"mode: constant\nrate: 0/s", "test.yaml:2:7: `0/s` is out of range: 1e-05/s to 100000/s"},
      {"mode: constant\nrate: 2/s\nconcurrency: 4", "test.yaml:3:1: unknown key `concurrency`"},
      {"mode: constant\nrate: 2/s\nmax_in_flight: 5000", "test.yaml:3:16: `5000` is out of range: 1 to 4096"},
      {"mode: constant\nrate: 2/s\nseed: 4", "test.yaml:3:1: unknown key `seed`"},
      {"mode: poisson\nrate: 2/s\nseed: -1", "test.yaml:3:7: `-1` is out of range: at least 0"},
      {"mode: trickle\nrate: 2/s", "test.yaml:2:7: `2/s` is out of range: 1e-05/s to 1/s"},
      {"mode: trickle\nrate: 2/h\nmax_in_flight: 2", "test.yaml:3:1: unknown key `max_in_flight`"},
  };
  for (const auto& c : cases) {
    auto options = testing::options_from(c.schedule);
    const auto pacing = open_pacing(options);
    ASSERT_FALSE(pacing) << c.message;
    EXPECT_EQ(pacing.error().message.substr(0, std::string_view(c.message).size()), c.message);
  }
}

}  // namespace
}  // namespace ipw::replay
