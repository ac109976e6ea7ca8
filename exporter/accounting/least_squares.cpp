#include "exporter/accounting/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace ipw {
namespace {

// What is solved: features scaled to the same size, of which those of `active` are not held at 0.
struct Scaled {
  Matrix xx{};
  Unknowns xy{};
};

// The inverse of the active part, 0 elsewhere; nothing where it has none. Gauss and Jordan: the matrix is positive
// definite, so that no pivoting is needed.
std::optional<Matrix> inverse(const Matrix& matrix, unsigned active) {
  Matrix left = matrix, right{};
  const auto is_active = [&](std::size_t i) { return (active >> i & 1U) != 0; };
  for (std::size_t i = 0; i < kUnknowns; ++i) right[i][i] = is_active(i) ? 1 : 0;
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    if (!is_active(i)) continue;
    const double pivot = left[i][i];
    if (!(pivot > 0)) return std::nullopt;
    for (std::size_t k = 0; k < kUnknowns; ++k) left[i][k] /= pivot, right[i][k] /= pivot;
    for (std::size_t j = 0; j < kUnknowns; ++j) {
      if (j == i || !is_active(j)) continue;
      const double factor = left[j][i];
      for (std::size_t k = 0; k < kUnknowns; ++k)
        left[j][k] -= factor * left[i][k], right[j][k] -= factor * right[i][k];
    }
  }
  return right;
}

Unknowns product(const Matrix& a, const Unknowns& b) {
  Unknowns c{};
  for (std::size_t i = 0; i < kUnknowns; ++i)
    for (std::size_t k = 0; k < kUnknowns; ++k) c[i] += a[i][k] * b[k];
  return c;
}

double dot(const Unknowns& a, const Unknowns& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kUnknowns; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Solution non_negative_least_squares(const NormalEquations& equations, const Unknowns& prior, double prior_rows) {
  const double weight = equations.rows > 0 ? prior_rows / equations.rows : 1;
  Unknowns size{};
  Scaled scaled;
  unsigned present = 0;
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    size[i] = std::sqrt(std::max(0.0, equations.xx[i][i]));
    if (size[i] > 0) present |= 1U << i;
  }
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    if (size[i] <= 0) continue;
    scaled.xy[i] = equations.xy[i] / size[i] + weight * prior[i] * size[i];
    for (std::size_t k = 0; k < kUnknowns; ++k)
      if (size[k] > 0) scaled.xx[i][k] = equations.xx[i][k] / (size[i] * size[k]);
    scaled.xx[i][i] += weight;
  }

  Solution best;
  double least = 0;  // all of them 0
  for (unsigned active = 1; active < 1U << kUnknowns; ++active) {
    if ((active & ~present) != 0) continue;
    const auto inverted = inverse(scaled.xx, active);
    if (!inverted) continue;
    const auto value = product(*inverted, scaled.xy);
    // At the solution the quadratic form is -xy'value, less what does not depend on it.
    const double objective = -dot(scaled.xy, value);
    if (objective >= least || std::ranges::any_of(value, [](double v) { return v < 0; })) continue;
    least = objective;
    best.value = value;
    best.covariance = *inverted;
  }

  double unknowns = 0;
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    if (size[i] <= 0) continue;
    unknowns += best.value[i] > 0 ? 1 : 0;
    best.value[i] /= size[i];
  }
  const double unexplained =
      equations.yy - 2 * dot(equations.xy, best.value) + dot(best.value, product(equations.xx, best.value));
  const double variance = std::max(0.0, unexplained) / std::max(1.0, equations.rows - unknowns);
  best.residual = std::sqrt(variance);
  for (std::size_t i = 0; i < kUnknowns; ++i)
    for (std::size_t k = 0; k < kUnknowns; ++k)
      best.covariance[i][k] *= size[i] > 0 && size[k] > 0 ? variance / (size[i] * size[k]) : 0;
  return best;
}

}  // namespace ipw
