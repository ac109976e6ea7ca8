#include "probes/update_rhythm.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using Ms = std::chrono::milliseconds;

UpdateRhythm after(Ms until, Ms period, const std::function<bool(Ms)>& moved) {
  UpdateRhythm rhythm;
  for (auto t = 0ms; t <= until; t += period) rhythm.on_reading(MonoTime{} + t, moved(t));
  return rhythm;
}

TEST(UpdateRhythm, TellsSensorsFromTheirReaders) {
  struct Case {
    const char* name;
    Ms period;
    std::function<bool(Ms)> moved;
    double update_period, patience;
  } const cases[] = {
      {"faster than we read", 50ms, [](Ms) { return true; }, 0.05, 0},
      {"every 100 ms, read every 10 ms", 10ms, [](Ms t) { return t % 100ms == 0ms; }, 0.1, 0.15},
      {"every 100 ms, read every 50 ms", 50ms, [](Ms t) { return t % 100ms == 0ms; }, 0.1, 0.15},
      {"fast, with pauses of the load", 50ms, [](Ms t) { return t % 1000ms < 800ms; }, 0.05, 0},
  };
  for (const auto& c : cases) {
    const auto rhythm = after(10s, c.period, c.moved);
    ASSERT_TRUE(rhythm.period()) << c.name;
    EXPECT_NEAR(rhythm.period()->value, c.update_period, 1e-9) << c.name;
    EXPECT_NEAR(rhythm.patience().value, c.patience, 1e-9) << c.name;
  }
}

TEST(UpdateRhythm, NothingIsLearnedFromNothing) {
  const auto never = after(10s, 50ms, [](Ms) { return false; });
  EXPECT_FALSE(never.period());
  EXPECT_EQ(never.patience(), Seconds{0});
  const auto twice = after(100ms, 50ms, [](Ms) { return true; });
  EXPECT_FALSE(twice.period());
}

TEST(UpdateRhythm, WhatChangedIsLearnedAnew) {
  const auto rhythm = after(20s, 50ms, [](Ms t) { return t < 10s || t % 200ms == 0ms; });
  EXPECT_NEAR(rhythm.period()->value, 0.2, 1e-9);
  EXPECT_NEAR(rhythm.patience().value, 0.3, 1e-9);
}

TEST(UpdateRhythm, AnOutageTeachesNothing) {
  UpdateRhythm rhythm;
  for (int i = 0; i < 10; ++i) {
    rhythm.on_reading(MonoTime{} + i * 50s, true);
    rhythm.on_reading(MonoTime{} + i * 50s + 50ms, true);
    rhythm.restart();
  }
  EXPECT_NEAR(rhythm.period()->value, 0.05, 1e-9);
}

}  // namespace
}  // namespace ipw::probes
