#include "exporter/regression/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace ipw {
namespace {

using Values = std::vector<ReferenceValue>;

Values normal_values(std::uint32_t items, std::size_t each, double deviation, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Values values;
  for (std::uint32_t i = 0; i < items; ++i) {
    const double level = 3 * normal(random);
    for (std::size_t k = 0; k < each; ++k) values.push_back({i, level + deviation * normal(random)});
  }
  return values;
}

TEST(Cumulant, OfNormalResidualsIsHardlyMore) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<Residual> residuals;
  for (std::uint32_t i = 0; i < 20'000; ++i) residuals.push_back({.item = i, .value = normal(random)});
  const Cumulant psi(residuals, 1);
  for (const double u : {0.1, 0.5, 1.0, 2.0}) {
    EXPECT_GE(psi(u), u * u / 2) << u;
    EXPECT_LE(psi(u), 1.1 * u * u / 2 + 0.01) << u;
  }
  EXPECT_EQ(psi(0), 0);
}

TEST(Cumulant, KnowsOnWhichSideTheTailIs) {
  std::vector<Residual> residuals;
  for (std::uint32_t i = 0; i < 1'000; ++i) residuals.push_back({.item = i, .value = i % 100 == 0 ? 9.95 : -0.1005});
  EXPECT_GT(Cumulant(residuals, 1)(1), 4);
  EXPECT_NEAR(Cumulant(residuals, -1)(1), 0.5, 1e-9);  // u²/2: never less
  EXPECT_EQ(Cumulant()(1.3), 1.3 * 1.3 / 2);
}

TEST(Cumulant, AnItemCountsOnce) {
  std::vector<Residual> apart, together;
  for (std::uint32_t i = 0; i < 400; ++i) {
    const double value = i % 8 < 4 ? 2 : -2;
    apart.push_back({.item = i, .value = value});
    together.push_back({.item = i / 4, .value = value});
  }
  EXPECT_GT(Cumulant(together, 1)(1.5), Cumulant(apart, 1)(1.5));
}

TEST(Reference, MeansAndVariance) {
  const Reference reference({}, 3, Values{{0, 1}, {0, 3}, {1, 5}, {1, 6}, {1, 7}, {2, 100}});
  EXPECT_EQ(reference.known_items(), 2U);
  EXPECT_EQ(reference.item(0).mean, 2);
  EXPECT_EQ(reference.item(1).count, 3);
  EXPECT_TRUE(reference.knows(1));
  EXPECT_FALSE(reference.knows(2)) << "one value has no noise";
  EXPECT_DOUBLE_EQ(reference.variance(), (2.0 + 2.0) / 3);
  EXPECT_DOUBLE_EQ(reference.predictive(), reference.variance() * (1 + (1.0 / 2 + 1.0 / 3) / 2));
  EXPECT_EQ(reference.mean(), 4);
}

TEST(Reference, NeverChangedIsNotCannotChange) {
  const struct {
    const char* name;
    Reference::Shape shape;
    double variance;
  } cases[] = {{"scores: half a flip each way", {.flip = 1, .winsorised = false}, 1.0 / 401},
               {"logarithms: a resolution of 0.1 %", {.flip = 0, .winsorised = true}, 1e-6}};
  Values values;
  for (std::uint32_t i = 0; i < 100; ++i)
    for (int k = 0; k < 5; ++k) values.push_back({i, i % 2 == 0 ? 1.0 : 0.0});
  for (const auto& c : cases) {
    const Reference reference(c.shape, 100, values);
    EXPECT_DOUBLE_EQ(reference.variance(), c.variance) << c.name;
    EXPECT_TRUE(std::isfinite(reference.worse()(Cumulant::kMaxTilt))) << c.name;
  }
  // A flip is 20 standard deviations, and yet no proof of anything.
  const Reference scores({.flip = 1, .winsorised = false}, 100, values);
  for (const double u : {0.1, 0.5, 1.0, 3.0})
    EXPECT_LT(u / std::sqrt(scores.predictive()) - scores.worse()(u), std::log(2 * 502)) << u;
}

TEST(Reference, TheOrderDoesNotMatter) {
  auto values = normal_values(50, 6, 0.2, 3);
  const Reference before({.flip = 0, .winsorised = true}, 50, values);
  std::shuffle(values.begin(), values.end(), std::mt19937_64(7));
  const Reference after({.flip = 0, .winsorised = true}, 50, values);
  EXPECT_EQ(before.variance(), after.variance());
  EXPECT_EQ(before.mean(), after.mean());
  EXPECT_EQ(before.worse()(1.1), after.worse()(1.1));
}

TEST(Reference, OutliersAreDrawnIn) {
  auto values = normal_values(200, 5, 0.1, 5);
  for (std::size_t i = 0; i < values.size(); i += 100) values[i].value += 50;
  const Reference plain({}, 200, values), drawn_in({.flip = 0, .winsorised = true}, 200, values);
  EXPECT_GT(plain.variance(), 1);
  EXPECT_NEAR(std::sqrt(drawn_in.variance()), 0.1, 0.02);
  EXPECT_NEAR(drawn_in.clipped(3, 1e6) - drawn_in.item(3).mean, 4 * 0.1 * std::sqrt(1.2), 0.1);
  EXPECT_EQ(plain.clipped(3, 1e6), 1e6);
  EXPECT_EQ(drawn_in.clipped(3, drawn_in.item(3).mean + 0.2), drawn_in.item(3).mean + 0.2);
}

// Cycles of 400 items with noise of 10 %, which differ by `spread` as wholes.
Reference drifting(double spread, unsigned seed, std::uint64_t cycles) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Values values;
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    const double common = spread * normal(random);
    for (std::uint32_t i = 0; i < 400; ++i) values.push_back({i, i % 7 + common + 0.1 * normal(random), cycle});
  }
  return {{.flip = 0, .winsorised = true}, 400, values};
}

TEST(Reference, WhatCyclesHaveInCommonIsMeasuredWhereItIsThere) {
  constexpr unsigned kRuns = 60;
  struct Case {
    double spread;
    std::uint64_t cycles;
    double least_found, most_found;  // shares of the runs
    double most;                     // of the mean bound, in truths
  } const cases[] = {{0, 5, 0, 0.15, 0}, {0, 20, 0, 0.15, 0}, {0.02, 5, 0.85, 1, 7}, {0.02, 20, 0.999, 1, 2.2}};
  for (const auto& c : cases) {
    unsigned found = 0, too_small = 0;
    double sum = 0;
    const double truth = c.spread * c.spread;
    for (unsigned run = 0; run < kRuns; ++run) {
      const auto reference = drifting(c.spread, run + 1, c.cycles);
      EXPECT_EQ(reference.cycles(), c.cycles);
      found += reference.drift() > 0;
      too_small += reference.drift() < truth;
      sum += reference.drift();
    }
    EXPECT_GE(found, c.least_found * kRuns) << c.spread << " " << c.cycles;
    EXPECT_LE(found, c.most_found * kRuns) << c.spread << " " << c.cycles;
    EXPECT_LE(too_small, 0.12 * kRuns + (kRuns - found)) << "a bound of 95 %: " << c.spread << " " << c.cycles;
    EXPECT_LE(sum / kRuns, c.most * truth + 3e-5) << c.spread << " " << c.cycles;
  }
}

TEST(Reference, OneCycleTellsNothingAboutCycles) {
  const Reference reference({}, 50, normal_values(50, 6, 0.2, 3));
  EXPECT_EQ(reference.drift(), 0);
}

TEST(Reference, OfNothing) {
  const Reference reference({.flip = 1, .winsorised = false}, 4, {});
  EXPECT_EQ(reference.known_items(), 0U);
  EXPECT_FALSE(reference.knows(0));
}

}  // namespace
}  // namespace ipw
