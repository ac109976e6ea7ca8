#include "exporter/statistics/quantile.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace ipw {
namespace {

std::vector<double> one_to(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.rbegin(), values.rend(), 1);
  return values;
}

TEST(Quantile, NeedsSoManyValues) {
  const struct {
    double q;
    std::size_t values;
  } cases[] = {{0.5, 11}, {0.9, 64}, {0.1, 64}, {0.95, 130}, {0.99, 662}, {0.01, 662}, {0.999, 6636}};
  for (const auto& c : cases) EXPECT_EQ(values_for_quantile(c.q), c.values) << c.q;
}

TEST(Quantile, IsAbsentJustBelowTheNumberAndThereAtIt) {
  EXPECT_FALSE(quantile(one_to(661), 0.99));
  EXPECT_EQ(quantile(one_to(662), 0.99), 656);  // 662 * 0.99 = 655.38
  EXPECT_FALSE(quantile(one_to(10), 0.5));
  EXPECT_EQ(quantile(one_to(11), 0.5), 6);
  EXPECT_FALSE(quantile({}, 0.5));
}

}  // namespace
}  // namespace ipw
