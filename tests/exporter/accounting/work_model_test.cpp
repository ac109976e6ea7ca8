#include "exporter/accounting/work_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "exporter/accounting/idle_floor.hpp"
#include "tests/support/attempts.hpp"

namespace ipw {
namespace {

using Window = WorkModel::Window;

// Windows of a device that draws 50 W at rest and by these weights beside, with so much noise.
class Device {
 public:
  WorkWeights weights{100, 0.02, 0.5};
  double noise{0}, varies{1};

  Window window() {
    const double busy = 1 - varies * uniform() * 0.5;
    const double prefill = 4000 * (1 - varies * uniform()), decode = 200 * (1 - varies * uniform());
    const double joules = 50 + weights[0] * busy + weights[1] * prefill + weights[2] * decode;
    return {Seconds{1}, Seconds{busy}, prefill, decode, Joules{joules + noise * (uniform() - 0.5)}};
  }

 private:
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  std::mt19937 random_{5};
};

void feed(WorkModel& model, Device& device, int windows, Watts floor = Watts{50}) {
  for (int i = 0; i < windows; ++i) model.add(device.window(), floor);
}

void expect_weights(const WorkModel& model, const WorkWeights& expected, double relative, const char* name) {
  for (std::size_t i = 0; i < kWorkKinds; ++i)
    EXPECT_NEAR(model.weights()[i], expected[i], relative * std::max(expected[i], 1e-6)) << name << ", " << i;
}

TEST(WorkModel, IsAnAssumptionUntilThereIsEnough) {
  WorkModel model;
  Device device;
  EXPECT_EQ(model.origin(), WeightOrigin::assumed);
  EXPECT_EQ(model.weights(), kAssumedWeights);
  EXPECT_NEAR(model.errors()[1], kAssumedError, 1e-12);
  feed(model, device, 60);
  EXPECT_EQ(model.origin(), WeightOrigin::assumed) << "a little is forgotten";
  feed(model, device, 2);
  EXPECT_EQ(model.origin(), WeightOrigin::fit);
  expect_weights(model, device.weights, 1e-2, "without noise");
}

TEST(WorkModel, FindsTheWeightsAndHowUncertainTheyAre) {
  WorkModel model;
  Device device;
  device.noise = 40;
  feed(model, device, 2000);
  for (std::size_t i = 0; i < kWorkKinds; ++i) {
    EXPECT_NEAR(model.weights()[i], device.weights[i], 4 * model.errors()[i]) << i;
    EXPECT_GT(model.errors()[i], 0) << i;
    EXPECT_LT(model.errors()[i], 0.1 * device.weights[i]) << i;
  }
}

TEST(WorkModel, NoWeightIsNegative) {
  for (const auto& weights : {WorkWeights{100, 0.02, 0}, WorkWeights{0, 0.02, 0.5}, WorkWeights{30, 0, 0}}) {
    WorkModel model;
    Device device;
    device.weights = weights;
    device.noise = 5;
    feed(model, device, 500);
    ASSERT_EQ(model.origin(), WeightOrigin::fit);
    for (std::size_t i = 0; i < kWorkKinds; ++i) {
      EXPECT_GE(model.weights()[i], 0) << i;
      if (weights[i] == 0) {
        EXPECT_LT(model.weights()[i] * (WorkWeights{1, 4000, 200})[i], 2) << "W, of kind " << i;
      }
    }
  }
}

TEST(WorkModel, WhatCannotBeToldApartIsNotBelieved) {
  WorkModel model;
  Device device;
  device.varies = 0;
  device.noise = 20;
  feed(model, device, 500);
  EXPECT_EQ(model.origin(), WeightOrigin::assumed) << "always the same load: any weights would do";
}

TEST(WorkModel, ForgetsWhatWas) {
  WorkModel model;
  Device device;
  device.noise = 10;
  feed(model, device, 3000);
  device.weights = {40, 0.05, 1};
  feed(model, device, 12'000);
  EXPECT_LT(model.windows(), 2900) << "bounded";
  expect_weights(model, device.weights, 0.1, "after six half-lives");
}

TEST(WorkModel, AFloorThatIsLearnedLaterCountsForAllWindows) {
  WorkModel model;
  Device device;
  feed(model, device, 100, Watts{0});
  EXPECT_NEAR(model.weights()[0], 150, 40) << "what is drawn at rest seems to be drawn by work";
  feed(model, device, 1);
  expect_weights(model, device.weights, 1e-2, "from one window to the next");
}

void add(WorkModel& model, int requests, double prefill, double decode) {
  for (int i = 0; i < requests; ++i) {
    const double scale = 1 + i % 5;
    replay::Usage usage;
    usage.input_tokens = static_cast<std::int64_t>(100 * scale) + 7;
    usage.cached_tokens = 7;
    usage.output_tokens = static_cast<std::int64_t>(20 * scale);
    model.add(usage, {.load = {},
                      .queue = {},
                      .prefill = Seconds{prefill * 100 * scale},
                      .decode = Seconds{decode * 20 * scale},
                      .total = {}});
  }
}

TEST(WorkModel, TheServersOwnTimesComeFirst) {
  WorkModel model;
  Device device;
  feed(model, device, 200);
  add(model, 19, 0.001, 0.015);
  feed(model, device, 1);
  EXPECT_EQ(model.origin(), WeightOrigin::fit) << "too few";
  add(model, 1, 0.001, 0.015);
  feed(model, device, 1);
  EXPECT_EQ(model.origin(), WeightOrigin::server);
  EXPECT_NEAR(model.weights()[2] / model.weights()[1], 15, 1e-9);
  EXPECT_NEAR(model.errors()[1], 0, 1e-6) << "they all agree";
  add(model, 20, 0.002, 0.015);
  feed(model, device, 1);
  EXPECT_NEAR(model.weights()[2] / model.weights()[1], 10, 0.2);
  EXPECT_GT(model.errors()[1], 0.03) << "they do not";
}

TEST(WorkModel, RequestsWithoutTimesOrTokensTellNothing) {
  WorkModel model;
  Device device;
  for (int i = 0; i < 100; ++i) {
    model.add({.input_tokens = 5, .cached_tokens = {}, .output_tokens = 5, .reasoning_tokens = {}}, {});
    model.add({}, {.load = {}, .queue = {}, .prefill = Seconds{1}, .decode = Seconds{1}, .total = {}});
  }
  feed(model, device, 1);
  EXPECT_EQ(model.origin(), WeightOrigin::assumed);
}

// Seconds of rest at so many watts, marked every tenth of a second.
void rest(IdleFloor& floor, double seconds, double watts) {
  for (int i = 0; i < std::lround(seconds * 10); ++i) {
    floor.rest({testing::at(0), testing::at(0.1)}, Watts{watts} * Seconds{0.1});
    floor.mark();
  }
}

TEST(IdleFloor, IsLearnedFromSteadyQuietTimes) {
  IdleFloor floor;
  rest(floor, 5, 60);
  EXPECT_FALSE(floor.now()) << "clocks are still up, and it is too short";
  rest(floor, 4, 60);
  ASSERT_TRUE(floor.now());
  EXPECT_NEAR(floor.now()->value, 60, 1e-9);
  EXPECT_FALSE(floor.configured());
}

TEST(IdleFloor, NotFromWhatChangesOrIsDisturbed) {
  IdleFloor floor;
  for (int i = 0; i < 100; ++i) {
    rest(floor, 4, 60);
    floor.disturb();
  }
  EXPECT_FALSE(floor.now()) << "never quiet for long enough";
  for (int i = 0; i < 20; ++i) rest(floor, 1, i % 2 == 0 ? 60 : 80);
  EXPECT_FALSE(floor.now()) << "never steady";
}

TEST(IdleFloor, IsALowOneOfTheLatest) {
  IdleFloor floor;
  rest(floor, 60, 60);
  rest(floor, 30, 90);
  EXPECT_NEAR(floor.now()->value, 60, 1e-9) << "somebody may have worked unseen";
  rest(floor, 600, 90);
  EXPECT_NEAR(floor.now()->value, 90, 1e-9) << "it stays so: another power state";
  rest(floor, 200, 20);
  EXPECT_NEAR(floor.now()->value, 20, 1e-9) << "a deeper sleep";
}

TEST(IdleFloor, AConfiguredOneStays) {
  IdleFloor floor(Watts{42});
  rest(floor, 100, 60);
  EXPECT_EQ(floor.now(), Watts{42});
  EXPECT_TRUE(floor.configured());
}

}  // namespace
}  // namespace ipw
