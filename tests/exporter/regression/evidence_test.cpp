#include "exporter/regression/evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ipw {
namespace {

TEST(Tilts, FromTheMarginUpwards) {
  const struct {
    double smallest;
    std::size_t count;
  } cases[] = {{0.05, 8}, {1, 3}, {2.9, 1}, {100, 1}};
  for (const auto& c : cases) {
    const auto tilts = tilts_from(c.smallest, Cumulant());
    EXPECT_EQ(tilts.size(), c.count) << c.smallest;
    EXPECT_NEAR(tilts.front().u / std::min(c.smallest, Cumulant::kMaxTilt), 1, 0.06) << c.smallest;
    EXPECT_LE(tilts.back().u, Cumulant::kMaxTilt) << c.smallest;
    double sum = 0;
    for (const auto& tilt : tilts) sum += std::exp(tilt.log_weight);
    EXPECT_NEAR(sum, 1, 1e-12) << c.smallest;
  }
}

TEST(Evidence, IsTheMixture) {
  const auto tilts = tilts_from(0.4, Cumulant());
  double sum = 0;
  for (const auto& [u, psi, log_weight] : tilts) sum += std::exp(log_weight + 30 * (u * 0.5 - u * u / 2));
  EXPECT_NEAR(log_evidence(tilts, 30, 0.5), std::log(sum), 1e-9);
  EXPECT_LT(log_evidence(tilts, 1e6, -1), -1e5);
  EXPECT_TRUE(std::isfinite(log_evidence(tilts, 1e9, 3)));
}

TEST(Evidence, IsOneOnAverageWhereNothingChanged) {
  const auto tilts = tilts_from(0.1, Cumulant());
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (const double n : {1.0, 4.0}) {
    double sum = 0;
    constexpr int kRuns = 400'000;
    for (int i = 0; i < kRuns; ++i) sum += std::exp(log_evidence(tilts, n, normal(random) / std::sqrt(n)));
    EXPECT_NEAR(sum / kRuns, 1, 0.1) << n;
  }
}

TEST(ConfidenceSequence, HoldsAtAllTimesAtOnce) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  int missed = 0;
  constexpr int kRuns = 2'000;
  for (int run = 0; run < kRuns; ++run) {
    double sum = 0;
    bool out = false;
    for (int n = 1; n <= 2'000 && !out; ++n) {
      sum += 3 * normal(random);
      const auto [lower, upper] =
          confidence_sequence({sum / n, 9.0 / n}, {.predictive = 9, .tuned = 50, .error = 0.05});
      out = lower > 0 || upper < 0;
    }
    missed += out ? 1 : 0;
  }
  EXPECT_LE(missed, 0.05 * kRuns);
  EXPECT_GE(missed, 0.005 * kRuns) << "wider than it need be";
}

}  // namespace
}  // namespace ipw
