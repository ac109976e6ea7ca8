#pragma once

#include <array>
#include <string_view>

namespace ipw {

// The kinds of work of which the active joules of a device are taken to consist.
enum class WorkKind { busy, prefill, decode };
constexpr std::size_t kWorkKinds = 3;
std::string_view to_text(WorkKind kind);

// By kind: joules for each second in which anybody works, for each token read, for each token generated. Only their
// ratios count when joules are split.
using WorkWeights = std::array<double, kWorkKinds>;
constexpr double weight(const WorkWeights& weights, WorkKind kind) {
  return weights[static_cast<std::size_t>(kind)];
}

// Covariances of the logarithms of the weights: how uncertain their ratios are.
using WeightCovariance = std::array<std::array<double, kWorkKinds>, kWorkKinds>;

// An assumption, until something is known: reading a token costs a twentieth of generating one.
constexpr WorkWeights kAssumedWeights{0, 1, 20};
// One standard deviation of its logarithm: a factor of two either way.
constexpr double kAssumedError = 0.7;

}  // namespace ipw
