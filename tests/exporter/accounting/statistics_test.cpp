#include "exporter/accounting/statistics.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ipw {
namespace {

TEST(Wilson, AgreesWithPublishedIntervals) {
  struct Case {
    const char* name;
    double score, n, lower, upper;
  } const cases[] = {
      {"Newcombe 1998, 81 of 263", 81, 263, 0.2553, 0.3662},
      {"Newcombe 1998, 15 of 148", 15, 148, 0.0624, 0.1605},
      {"Newcombe 1998, none of 20", 0, 20, 0.0000, 0.1611},
      {"Newcombe 1998, 1 of 29", 1, 29, 0.0061, 0.1718},
      {"all of 20", 20, 20, 0.8389, 1.0000},
      {"half of 10", 5, 10, 0.2366, 0.7634},
  };
  for (const auto& c : cases) {
    const auto bounds = wilson(c.score, c.n);
    EXPECT_NEAR(bounds.lower, c.lower, 5e-5) << c.name;
    EXPECT_NEAR(bounds.upper, c.upper, 5e-5) << c.name;
  }
}

TEST(Wilson, NeverLeavesTheUnitInterval) {
  for (double n = 1; n < 3000; n *= 1.7) {
    for (const double share : {0.0, 0.001, 0.5, 0.999, 1.0}) {
      const auto bounds = wilson(share * n, n);
      EXPECT_GE(bounds.lower, 0);
      EXPECT_LE(bounds.upper, 1);
      EXPECT_LE(bounds.lower, share + 1e-12);
      EXPECT_GE(bounds.upper, share - 1e-12);
    }
  }
}

TEST(Efficiency, IsSumOverSumOfTheSameQueries) {
  // Two queries: 300 W for 1 s, correct; 100 W for 3 s, wrong. Both ran alone.
  const auto e = efficiency({.queries = 2, .score = 1, .energy = Joules{600}, .seconds = Seconds{4}, .watts = 400});
  EXPECT_DOUBLE_EQ(e.joules_per_query.value(), 300);
  EXPECT_DOUBLE_EQ(e.per_joule.value(), 1.0 / 600);
  EXPECT_DOUBLE_EQ(e.per_watt_by_query.value(), 1.0 / 400);
  EXPECT_DOUBLE_EQ(e.per_watt_by_time.value(), 0.5 / 150);
}

TEST(Efficiency, WithoutAQueryIsUnknownNotZero) {
  const auto e = efficiency({});
  EXPECT_FALSE(e.joules_per_query || e.per_joule || e.per_watt_by_query || e.per_watt_by_time);
}

TEST(Efficiency, ThatIsAllWrongIsZeroNotUnknown) {
  const auto e = efficiency({.queries = 1, .score = 0, .energy = Joules{5}, .seconds = Seconds{1}, .watts = 5});
  EXPECT_EQ(e.per_joule, 0);
  EXPECT_EQ(e.per_watt_by_query, 0);
}

TEST(Mean, OfNothingIsUnknown) {
  static constexpr std::array<double, 2> kBounds{1, 2};
  Histogram histogram(kBounds);
  EXPECT_FALSE(mean(histogram));
  histogram.observe(1);
  histogram.observe(4);
  EXPECT_EQ(mean(histogram), 2.5);
}

}  // namespace
}  // namespace ipw
