#include "exporter/analysis/line_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace ipw {
namespace {

struct Known {
  const char* name;
  std::vector<double> x, y;
  double intercept, slope, r2, slope_error, intercept_error;
};

std::optional<LineFit> fit(const std::vector<double>& x, const std::vector<double>& y, double shift = 0) {
  LineSums sums;
  for (std::size_t i = 0; i < x.size(); ++i) sums.add(x[i] + shift, y[i]);
  return sums.fit();
}

// Anscombe, Graphs in Statistical Analysis (1973): four sets of points, one line.
TEST(LineFit, AnscombesQuartet) {
  const std::vector<double> x{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}, x4{8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8};
  const Known sets[] = {
      {"I",
       x,
       {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68},
       3.0001,
       0.5001,
       0.6665,
       0.1179,
       1.1247},
      {"II",
       x,
       {9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74},
       3.0009,
       0.5000,
       0.6662,
       0.1180,
       1.1253},
      {"III",
       x,
       {7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73},
       3.0025,
       0.4997,
       0.6663,
       0.1179,
       1.1245},
      {"IV",
       x4,
       {6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89},
       3.0017,
       0.4999,
       0.6667,
       0.1178,
       1.1239},
  };
  for (const auto& known : sets) {
    SCOPED_TRACE(known.name);
    const auto line = fit(known.x, known.y);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->n, 11U);
    EXPECT_NEAR(line->intercept, known.intercept, 5e-5);
    EXPECT_NEAR(line->slope, known.slope, 5e-5);
    EXPECT_NEAR(line->r2.value(), known.r2, 5e-5);
    EXPECT_NEAR(line->slope_error, known.slope_error, 5e-5);
    EXPECT_NEAR(line->intercept_error, known.intercept_error, 5e-5);
    EXPECT_NEAR(line->mean_y, 7.50, 5e-3);
  }
}

TEST(LineFit, FarFromTheOriginItIsTheSameLine) {
  const std::vector<double> x{1, 2, 3, 4}, y{2, 4, 6.5, 7.5};
  const auto near = fit(x, y), far = fit(x, y, 1e9);
  ASSERT_TRUE(near && far);
  EXPECT_NEAR(near->slope, far->slope, 1e-6);
  EXPECT_NEAR(near->r2.value(), far->r2.value(), 1e-6);
  EXPECT_EQ(near->lowest_x, 1);
  EXPECT_EQ(near->highest_x, 4);
}

TEST(LineFit, WhatNoLineCanBeSaidOf) {
  EXPECT_FALSE(fit({}, {})) << "nothing";
  EXPECT_FALSE(fit({1, 2}, {1, 2})) << "two points are a line whatever they are";
  EXPECT_FALSE(fit({5, 5, 5}, {1, 2, 3})) << "x does not vary";
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(fit({1, 2, 3, nan}, {1, 2, 3, 4})->n, 3U) << "what is no number is passed over";
}

TEST(LineFit, WhereNothingVariesNothingIsExplained) {
  const auto flat = fit({1, 2, 3}, {0.1, 0.1, 0.1});
  ASSERT_TRUE(flat);
  EXPECT_NEAR(flat->slope, 0, 1e-15);
  EXPECT_FALSE(flat->r2) << "unknown is not 1";
}

}  // namespace
}  // namespace ipw
