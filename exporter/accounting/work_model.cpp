#include "exporter/accounting/work_model.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr double kHalfLife = 2000;  // windows
const double kRemembered = std::exp2(-1 / kHalfLife);
// So many windows count the assumed ratio for, where the data do not tell the weights apart.
constexpr double kPriorWindows = 0.01;

}  // namespace

std::string_view to_text(WorkKind kind) {
  constexpr std::string_view kNames[kWorkKinds] = {"busy_second", "prefill_token", "decode_token"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_text(WeightOrigin origin) {
  constexpr std::string_view kNames[] = {"server", "fit", "assumed"};
  return kNames[static_cast<std::size_t>(origin)];
}

void WorkModel::Phase::add(double time, double count) {
  ++requests;
  seconds += time;
  tokens += count;
  seconds_squared += time * time;
  tokens_squared += count * count;
  product += time * count;
}

// Of a ratio of two sums (delta method).
double WorkModel::Phase::relative_variance() const {
  const double each = cost();
  const double scatter = seconds_squared - 2 * each * product + each * each * tokens_squared;
  return std::max(0.0, scatter) / (seconds * seconds);
}

void WorkModel::add(const replay::Usage& usage, const replay::ServerTimings& timings) {
  const auto &prefill = timings.prefill, &decode = timings.decode;
  if (!prefill || !decode || !usage.input_tokens || !usage.output_tokens) return;
  const auto read = static_cast<double>(*usage.input_tokens - usage.cached_tokens.value_or(0));
  const auto generated = static_cast<double>(*usage.output_tokens);
  if (!(read > 0 && generated > 0 && prefill->value > 0 && decode->value > 0)) return;
  reading_.add(prefill->value, read);
  generating_.add(decode->value, generated);
}

void WorkModel::add(const Window& window, Watts floor) {
  if (!(window.busy.value > 0)) return;
  const std::array<double, kColumns> row{window.busy.value,   window.prefill,      window.decode,
                                         window.length.value, window.energy.value, 1};
  for (std::size_t i = 0; i < kColumns; ++i)
    for (std::size_t k = 0; k < kColumns; ++k) moments_[i][k] = moments_[i][k] * kRemembered + row[i] * row[k];
  if (!take_server()) fit(floor);
}

bool WorkModel::take_server() {
  if (reading_.requests < rule_.requests) return false;
  const double variance = reading_.relative_variance() + generating_.relative_variance();
  if (variance > rule_.server_error * rule_.server_error) return false;
  assume(WeightOrigin::server, {0, 1, generating_.cost() / reading_.cost()}, variance);
  return true;
}

void WorkModel::assume(WeightOrigin origin, const WorkWeights& weights, double prefill_variance) {
  origin_ = origin;
  weights_ = weights;
  covariance_ = {};
  covariance_[kPrefill][kPrefill] = prefill_variance;
}

void WorkModel::fit(Watts floor) {
  if (windows() < rule_.windows) return;
  const auto& m = moments_;
  const double watts = floor.value;
  NormalEquations equations;
  equations.rows = windows();
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    equations.xy[i] = m[i][kEnergy] - watts * m[i][kLength];
    for (std::size_t k = 0; k < kUnknowns; ++k) equations.xx[i][k] = m[i][k];
  }
  equations.yy = m[kEnergy][kEnergy] - 2 * watts * m[kEnergy][kLength] + watts * watts * m[kLength][kLength];
  const double drawn = m[kEnergy][kRows] - watts * m[kLength][kRows];
  const double assumed = weight(kAssumedWeights, WorkKind::prefill) * m[kPrefill][kRows] +
                         weight(kAssumedWeights, WorkKind::decode) * m[kDecode][kRows];
  if (!(drawn > 0)) return;
  Unknowns prior{};
  for (std::size_t i = 0; i < kUnknowns; ++i) prior[i] = assumed > 0 ? kAssumedWeights[i] * drawn / assumed : 0;

  const auto found = non_negative_least_squares(equations, prior, kPriorWindows);
  bool certain = false;
  for (const double value : found.value) certain |= value > 0;
  for (std::size_t i = 0; i < kUnknowns; ++i)
    certain &= std::sqrt(found.covariance[i][i]) * m[i][kRows] <= rule_.error * drawn;
  // What was good enough once stays in use, until something better is found.
  if (!certain) return;
  origin_ = WeightOrigin::fit;
  weights_ = found.value;
  for (std::size_t i = 0; i < kUnknowns; ++i)
    for (std::size_t k = 0; k < kUnknowns; ++k) {
      const double product = weights_[i] * weights_[k];
      covariance_[i][k] = product > 0 ? found.covariance[i][k] / product : 0;
    }
}

WorkWeights WorkModel::errors() const {
  WorkWeights errors{};
  for (std::size_t i = 0; i < kWorkKinds; ++i) errors[i] = weights_[i] * std::sqrt(covariance_[i][i]);
  return errors;
}

}  // namespace ipw
