#include "probes/update_tracker.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{std::chrono::hours(1)};

// A counter at 300 W that moves every `update`, read when the test says.
class Counter {
 public:
  explicit Counter(std::chrono::microseconds update) : update_(update) {}
  void read(std::chrono::microseconds t) {
    const double joules = 300 * std::chrono::duration<double>(t / update_ * update_).count();
    tracker.on_reading({kStart + t, Joules{joules}}, updates);
  }
  // Reads every `step` over [from, until).
  void read(std::chrono::microseconds from, std::chrono::microseconds until, std::chrono::microseconds step) {
    for (auto t = from; t < until; t += step) read(t);
  }
  // The largest distance, in seconds, between an update's stamp and when the counter showed that energy first.
  double worst_stamp(MonoTime since) const {
    double worst = 0, last = 0;
    for (const auto& [reading, sd] : updates) {
      const double joules = std::get<Joules>(reading.value).value;
      if (std::exchange(last, joules) == joules) continue;  // at rest
      if (reading.at < since) continue;
      const double truth = std::get<Joules>(reading.value).value / 300;
      worst = std::max(worst, std::abs(between(kStart, reading.at).value - truth));
    }
    return worst;
  }

  UpdateTracker tracker;
  std::vector<Update> updates;

 private:
  std::chrono::microseconds update_;
};

TEST(UpdateTracker, PassesOnTheReadingsOfAFastSensor) {
  Counter counter(1ms);
  counter.read(0ms, 5s, 50ms);
  ASSERT_EQ(counter.updates.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(counter.updates[i].reading.at, kStart + i * 50ms);
    EXPECT_EQ(counter.updates[i].sd, Seconds{0});
  }
  EXPECT_FALSE(counter.tracker.is_slow());
}

TEST(UpdateTracker, FindsTheUpdatesOfASlowSensor) {
  struct Case {
    const char* name;
    std::chrono::microseconds update, step;
    double worst;  // seconds
  } const cases[] = {
      {"100 ms, read every 10 ms", 100ms, 10ms, 0.010},
      {"100 ms, read every 47 ms: each update tells about the next", 100ms, 47ms, 0.03},
      {"20 ms, read every millisecond", 20ms, 1ms, 0.001},
      {"400 ms, read every 50 ms", 400ms, 50ms, 0.05},
  };
  for (const auto& c : cases) {
    Counter counter(c.update);
    counter.read(3ms, 20s, c.step);
    EXPECT_TRUE(counter.tracker.is_slow()) << c.name;
    EXPECT_NEAR(counter.tracker.period()->value, std::chrono::duration<double>(c.update).count(), 0.011) << c.name;
    EXPECT_LE(counter.worst_stamp(kStart + 5s), c.worst) << c.name;
  }
}

TEST(UpdateTracker, AnUpdateSeenCloselyTellsWhenTheOneBeforeHappened) {
  Counter counter(20ms);
  counter.read(0ms, 200ms, 1ms);  // the period is learned
  counter.read(200ms, 2s, 50ms);
  counter.updates.clear();
  // A reading at the edge of a query, then close ones until the counter moves.
  counter.read(2013ms, 2022ms, 1ms);
  counter.read(2100ms);
  ASSERT_GE(counter.updates.size(), 2U);
  const auto& before = counter.updates[counter.updates.size() - 2];
  const auto& after = counter.updates.back();
  EXPECT_NEAR(between(kStart, before.reading.at).value, 2.000, 0.0015);
  EXPECT_NEAR(between(kStart, after.reading.at).value, 2.020, 0.001);
  EXPECT_LE(after.sd.value, 0.001);
  EXPECT_LE(before.sd.value, 0.001);
}

TEST(UpdateTracker, ASlowSensorAtWorkIsNotBelievedToRest) {
  Counter counter(300ms);
  counter.read(0ms, 4970ms, 10ms);
  EXPECT_NEAR(between(kStart, counter.updates.back().reading.at).value, 4.5, 0.01) << "the next one will say more";
  // Once it rests for longer than it ever did at work, it is.
  for (auto t = 4980ms; t <= 6000ms; t += 10ms)
    counter.tracker.on_reading({kStart + t, Joules{300 * 4.8}}, counter.updates);
  EXPECT_NEAR(between(kStart, counter.updates.back().reading.at).value, 5.55, 1e-6);
  EXPECT_EQ(counter.updates.back().reading.value, Reading(Joules{300 * 4.8}));
}

TEST(UpdateTracker, TellsEachValueOnceAndInOrder) {
  std::mt19937 random(3);
  for (const auto update : {1ms, 20ms, 60ms, 100ms, 333ms}) {
    Counter counter(update);
    auto t = std::chrono::microseconds(0);
    for (int i = 0; i < 3000; ++i) {
      t += std::chrono::microseconds(std::uniform_int_distribution(500, i % 100 < 50 ? 50000 : 3000)(random));
      counter.read(t);
      if (i % 500 == 499) counter.tracker.interrupt(counter.updates);
    }
    for (std::size_t i = 1; i < counter.updates.size(); ++i) {
      EXPECT_GT(counter.updates[i].reading.at, counter.updates[i - 1].reading.at);
      EXPECT_GE(counter.updates[i].reading.value, counter.updates[i - 1].reading.value);
    }
    EXPECT_LE(counter.updates.back().reading.at, kStart + t);
    EXPECT_LE(counter.worst_stamp(kStart + 1s), std::max(0.027, 0.3 * static_cast<double>(update.count()) / 1000))
        << update.count();
  }
}

TEST(UpdateTracker, AnOutageIsNoUpdateInterval) {
  Counter counter(100ms);
  counter.read(0ms, 2s, 10ms);
  counter.tracker.interrupt(counter.updates);
  counter.read(60s, 62s, 10ms);
  EXPECT_NEAR(counter.tracker.period()->value, 0.1, 1e-9);
}

}  // namespace
}  // namespace ipw::probes
