#pragma once

#include <array>
#include <cstddef>

namespace ipw {

// Non-negative least squares in a few unknowns from normal equations alone, in closed form: every set of unknowns that
// are not 0 is tried, and the best that is feasible is the solution. A weak prior keeps unknowns apart that the data do
// not tell apart. Pure.
constexpr std::size_t kUnknowns = 3;
using Unknowns = std::array<double, kUnknowns>;
using Matrix = std::array<Unknowns, kUnknowns>;

struct NormalEquations {
  Matrix xx{};     // sums of products of the features
  Unknowns xy{};   // of features and what is explained
  double yy{0};    // of its squares
  double rows{0};  // how many were summed up
};

struct Solution {
  Unknowns value{};
  Matrix covariance{};  // 0 for what is held at 0
  double residual{0};   // standard deviation of what is left unexplained, for a row
};

// `prior` counts for as much as `prior_rows` rows of average size. REQUIRES: no entry of it is negative.
Solution non_negative_least_squares(const NormalEquations& equations, const Unknowns& prior, double prior_rows);

}  // namespace ipw
