#include "exporter/analysis/density.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace ipw {
namespace {

std::vector<float> sorted(std::vector<float> values) {
  std::ranges::sort(values);
  return values;
}

double integral(const KernelDensity& curve) {  // by trapezoids: the curve does not begin at 0
  const double ends = (curve.density.front() + curve.density.back()) / 2;
  return (std::accumulate(curve.density.begin(), curve.density.end(), 0.0) - ends) * curve.step;
}

// 1 to 100: sd 29.0115, quartiles 25.75 and 75.25.
std::vector<float> hundred() {
  std::vector<float> values(100);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

TEST(Density, SilvermansBandwidth) {
  const auto curve = density_of(hundred());
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->n, 100U);
  EXPECT_NEAR(curve->bandwidth, 0.9 * 29.0115 * std::pow(100, -0.2), 1e-3) << "sd is less than IQR/1.34 = 36.9";
  EXPECT_NEAR(integral(*curve), 1, 1e-3);
}

TEST(Density, NothingLiesBelowZero) {
  std::mt19937 chance(1);
  std::exponential_distribution<float> few(1.0F / 50);
  std::vector<float> values(2000);
  for (auto& value : values) value = std::round(few(chance));
  const auto curve = density_of(sorted(values));
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->lower, 0);
  EXPECT_NEAR(integral(*curve), 1, 0.01) << "what lay below 0 is reflected, not lost";
  EXPECT_NEAR(curve->density.front(), 1.0 / 50, 0.004) << "an exponential is highest at 0";
}

TEST(Density, OfTooFewOrEqualValuesThereIsNone) {
  EXPECT_FALSE(density_of({}));
  EXPECT_FALSE(density_of(std::vector<float>(kMinimumForDensity - 1, 1.0F)));
  EXPECT_FALSE(density_of(std::vector<float>(100, 7.0F)));
}

struct BinsCase {
  const char* name;
  std::vector<float> values;
  double lower, width;
  std::size_t bins;
};

TEST(Bins, OfKnownValues) {
  const BinsCase cases[] = {
      {"Freedman and Diaconis: 2 * 49.5 / 4.64 = 21.3, rounded up", hundred(), 0, 50, 3},
      {"all the same", std::vector<float>(5, 4.0F), 4, 0.5, 1},
      {"all zero", std::vector<float>(5, 0.0F), 0, 1, 1},
      {"one", {3.0F}, 3, 0.5, 1},
  };
  for (const auto& known : cases) {
    SCOPED_TRACE(known.name);
    const auto bins = bins_of(known.values);
    ASSERT_TRUE(bins);
    EXPECT_NEAR(bins->lower, known.lower, 1e-9);
    EXPECT_NEAR(bins->width, known.width, 1e-9);
    EXPECT_EQ(bins->counts.size(), known.bins);
    EXPECT_EQ(std::accumulate(bins->counts.begin(), bins->counts.end(), std::uint64_t{0}), known.values.size());
  }
  EXPECT_FALSE(bins_of({}));
}

TEST(Bins, AnOutlierDoesNotMakeThousands) {
  auto values = hundred();
  values.push_back(1e6F);
  const auto bins = bins_of(values);
  ASSERT_TRUE(bins);
  EXPECT_LE(bins->counts.size(), 52U);
  EXPECT_EQ(bins->counts.back(), 1U);
}

}  // namespace
}  // namespace ipw
