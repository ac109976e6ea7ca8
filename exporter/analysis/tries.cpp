#include "exporter/analysis/tries.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "exporter/statistics/quantile.hpp"

namespace ipw {
namespace {

using Counts = std::map<std::uint64_t, std::uint64_t>;  // by the number of failures

constexpr double kSteepest = 20;  // an exponent beyond this is no power law
constexpr double kFlattest = 1e-3;

std::uint64_t total(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [failures, n] : counts) sum += n;
  return sum;
}

double real(std::uint64_t n) {
  return static_cast<double>(n);
}

bool is_success(const AttemptRecord& attempt) {
  return attempt.verdict == replay::VerdictKind::correct || attempt.verdict == replay::VerdictKind::tie;
}

bool is_try(const AttemptRecord& attempt) {
  return attempt.verdict && replay::answered(attempt.outcome);
}

// Of P(X > x | X > 1) = x^-a: what is known of each X > 1, and of each that is at least so many.
double log_likelihood(double a, const Counts& solved, const Counts& unsolved) {
  double sum = 0;
  for (const auto& [x, n] : solved)
    if (x > 1) sum += real(n) * std::log(std::pow(real(x - 1), -a) - std::pow(real(x), -a));
  for (const auto& [x, n] : unsolved)
    if (x > 1) sum -= real(n) * a * std::log(real(x - 1));
  return sum;
}

// The maximum of a function with one, between `low` and `high`.
template <class Function>
double maximise(Function f, double low, double high) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double fa = f(a), fb = f(b);
  while (high - low > 1e-7) {
    if (fa < fb) {
      low = std::exchange(a, b);
      fa = fb;
      fb = f(b = low + kGolden * (high - low));
    } else {
      high = std::exchange(b, a);
      fb = fa;
      fa = f(a = high - kGolden * (high - low));
    }
  }
  return (low + high) / 2;
}

}  // namespace

void Tries::add(const FinishedQuery& query) {
  if (!query.last().verdict || !query.whole()) return;
  const auto first = std::ranges::find_if(query.attempts, is_success);
  const auto until = std::span(query.attempts.begin(), first);
  const auto failed = static_cast<std::uint64_t>(std::ranges::count_if(until, is_try));
  const bool solved = first != query.attempts.end();
  ++(solved ? failures_ : unsolved_)[failed];
  most_tries_ = std::max(most_tries_, failed + (solved ? 1 : 0));
  if (!solved) return;
  const auto spent = query.attempts.first(until.size() + 1);
  for (const auto& scope : first->energy)
    if (const auto sum = drawn(spent, scope.scope)) joules_[{scope.scope, sum->quality}].push_back(sum->energy.value);
}

std::uint64_t Tries::solved() const {
  return total(failures_);
}

std::uint64_t Tries::never_solved() const {
  return total(unsolved_);
}

Proportion Tries::solved_at_once() const {
  const auto found = failures_.find(0);
  return {found == failures_.end() ? 0 : real(found->second), queries()};
}

std::optional<double> Tries::mean() const {
  double sum = 0;
  for (const auto& [x, n] : failures_) sum += real(x) * real(n);
  return ratio(sum, real(solved()));
}

std::optional<double> Tries::variance() const {
  const auto middle = mean();
  if (!middle) return std::nullopt;
  double sum = 0;
  for (const auto& [x, n] : failures_) sum += (real(x) - *middle) * (real(x) - *middle) * real(n);
  return ratio(sum, real(solved()));
}

std::optional<Estimate> Tries::tail_exponent() const {
  std::uint64_t beyond = 0, ended = 0;
  for (const auto& [x, n] : failures_) ended += x > 1 ? n : 0;
  for (const auto& [x, n] : unsolved_) beyond += x > 1 ? n : 0;
  if (ended == 0 || ended + beyond < kMinimumTail) return std::nullopt;
  const auto f = [this](double a) { return log_likelihood(a, failures_, unsolved_); };
  const double best = maximise(f, kFlattest, kSteepest);
  if (best > kSteepest * 0.99) return std::nullopt;
  const double step = best * 1e-3;
  const double curvature = -(f(best + step) - 2 * f(best) + f(best - step)) / (step * step);
  if (!(curvature > 0)) return std::nullopt;
  const double half = kZ95 / std::sqrt(curvature);
  return Estimate{best, {std::max(0.0, best - half), best + half}};
}

std::map<EnergyLabels, JoulesToSuccess> Tries::joules() const {
  std::map<EnergyLabels, JoulesToSuccess> all;
  for (const auto& [labels, values] : joules_) {
    double sum = 0;
    for (const double joules : values) sum += joules;
    all[labels] = {values.size(), sum / real(values.size()), quantile(values, 0.5)};
  }
  return all;
}

}  // namespace ipw
