#include "exporter/analysis/judge_quality.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

using replay::VerdictKind;

double real(std::uint64_t n) {
  return static_cast<double>(n);
}

// The variance of a proportion as if one more case had gone each way: one that was never seen to fail is not certain.
double variance(const Proportion& p) {
  const double n = real(p.n) + 2;
  const double share = (p.sum + 1) / n;
  return share * (1 - share) / n;
}

double clipped(double value) {
  return std::clamp(value, 0.0, 1.0);
}

}  // namespace

Agreement& Agreement::operator+=(const Agreement& other) {
  right_passed += other.right_passed;
  right_failed += other.right_failed;
  wrong_passed += other.wrong_passed;
  wrong_failed += other.wrong_failed;
  undecided += other.undecided;
  judge_errors += other.judge_errors;
  return *this;
}

void Agreement::add(VerdictKind judge, VerdictKind control) {
  const auto decided = [](VerdictKind kind) { return kind == VerdictKind::correct || kind == VerdictKind::wrong; };
  if (judge == VerdictKind::judge_error)
    ++judge_errors;
  else if (!decided(judge) || !decided(control))
    ++undecided;
  else if (control == VerdictKind::correct)
    ++(judge == VerdictKind::correct ? right_passed : right_failed);
  else
    ++(judge == VerdictKind::correct ? wrong_passed : wrong_failed);
}

Proportion Agreement::sensitivity() const {
  return {real(right_passed), right_passed + right_failed};
}

Proportion Agreement::specificity() const {
  return {real(wrong_failed), wrong_failed + wrong_passed};
}

std::optional<Kappa> cohen_kappa(const Agreement& agreement) {
  const double n = real(agreement.compared());
  if (n == 0) return std::nullopt;
  // p[i][j]: share that the judge finds i and the control j; 0 is correct, 1 is wrong.
  const double p[2][2] = {{real(agreement.right_passed) / n, real(agreement.wrong_passed) / n},
                          {real(agreement.right_failed) / n, real(agreement.wrong_failed) / n}};
  const double judge[2] = {p[0][0] + p[0][1], p[1][0] + p[1][1]};
  const double control[2] = {p[0][0] + p[1][0], p[0][1] + p[1][1]};
  const double observed = p[0][0] + p[1][1];
  const double chance = judge[0] * control[0] + judge[1] * control[1];
  if (chance >= 1) return std::nullopt;
  const double kappa = (observed - chance) / (1 - chance);
  double same = 0, other = 0;
  for (int i = 0; i < 2; ++i) {
    const double weight = 1 - (judge[i] + control[i]) * (1 - kappa);
    same += p[i][i] * weight * weight;
    const double crossed = control[i] + judge[1 - i];
    other += p[i][1 - i] * crossed * crossed;
  }
  const double rest = kappa - chance * (1 - kappa);
  const double spread = same + (1 - kappa) * (1 - kappa) * other - rest * rest;
  return Kappa{kappa, std::sqrt(std::max(0.0, spread) / n) / (1 - chance)};
}

std::optional<double> gwet_ac1(const Agreement& agreement) {
  const double n = real(agreement.compared());
  if (n == 0) return std::nullopt;
  const double observed = real(agreement.right_passed + agreement.wrong_failed) / n;
  const double correct = real(2 * agreement.right_passed + agreement.wrong_passed + agreement.right_failed) / (2 * n);
  const double chance = 2 * correct * (1 - correct);  // at most a half
  return (observed - chance) / (1 - chance);
}

void JudgedAnswers::add(VerdictKind verdict) {
  ++(verdict == VerdictKind::correct ? passed : verdict == VerdictKind::wrong ? failed : neither);
}

std::optional<Estimate> corrected_accuracy(const JudgedAnswers& answers, const Agreement& agreement) {
  const auto sensitivity = agreement.sensitivity(), specificity = agreement.specificity();
  if (sensitivity.n < kMinimumCompared || specificity.n < kMinimumCompared || answers.all() == 0) return std::nullopt;
  const double se = *sensitivity.value(), sp = *specificity.value();
  const double informed = se + sp - 1;
  if (informed <= kZ95 * std::sqrt(variance(sensitivity) + variance(specificity))) return std::nullopt;

  // The mean of what each answer adds: sp / informed when passed, (sp - 1) / informed when failed, 0 otherwise.
  const double n = real(answers.all()) + 4;
  const double passed = (real(answers.passed) + 2) / n, failed = (real(answers.failed) + 2) / n;
  const double decided = real(answers.passed + answers.failed) / real(answers.all());
  const double value = (real(answers.passed) / real(answers.all()) - decided * (1 - sp)) / informed;
  const double mean = passed * sp - failed * (1 - sp);
  const double sampling = (passed * sp * sp + failed * (1 - sp) * (1 - sp) - mean * mean) / n;
  const double truth = std::clamp(value, 0.0, decided);
  const double judging =
      truth * truth * variance(sensitivity) + (decided - truth) * (decided - truth) * variance(specificity);
  const double half = kZ95 * std::sqrt(sampling + judging) / informed;
  return Estimate{clipped(value), {clipped(value - half), clipped(value + half)}};
}

}  // namespace ipw
