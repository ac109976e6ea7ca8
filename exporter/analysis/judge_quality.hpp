#pragma once

#include <cstdint>
#include <optional>

#include "exporter/analysis/proportion.hpp"
#include "replay/judge.hpp"

namespace ipw {

// A judge's verdicts against those of a deterministic judge, which are taken for the truth, of the same answers
// (METHODOLOGY, "Judge quality"). Only answers that both found correct or wrong are compared.
struct Agreement {
  std::uint64_t right_passed{0};  // correct by both
  std::uint64_t right_failed{0};  // the judge says wrong
  std::uint64_t wrong_passed{0};  // the judge says correct
  std::uint64_t wrong_failed{0};  // wrong by both
  std::uint64_t undecided{0};     // one of the two said neither: unparsed, unanswered or a tie
  std::uint64_t judge_errors{0};  // the judge gave no verdict

  void add(replay::VerdictKind judge, replay::VerdictKind control);
  Agreement& operator+=(const Agreement& other);
  std::uint64_t compared() const { return right_passed + right_failed + wrong_passed + wrong_failed; }
  Proportion sensitivity() const;  // of the correct answers, those that the judge passes
  Proportion specificity() const;  // of the wrong answers, those that it fails
  bool operator==(const Agreement&) const = default;
};

// Agreement beyond chance (Cohen 1960), with the standard error of Fleiss, Cohen and Everitt (1969). Nothing where
// chance alone would agree always.
struct Kappa {
  double value{0}, standard_error{0};
};
std::optional<Kappa> cohen_kappa(const Agreement& agreement);

// Agreement beyond chance that stays meaningful when nearly all answers are of one kind (Gwet 2008).
std::optional<double> gwet_ac1(const Agreement& agreement);

// A judge's verdicts of one target's answers. What was neither passed nor failed counts as wrong.
struct JudgedAnswers {
  std::uint64_t passed{0}, failed{0}, neither{0};

  void add(replay::VerdictKind verdict);
  std::uint64_t all() const { return passed + failed + neither; }
};

// A judge that is to correct an accuracy must have been compared on so many correct, and on so many wrong answers.
constexpr std::uint64_t kMinimumCompared = 30;

// The accuracy that a judge without error would have found (Rogan and Gladen 1978), clipped to [0,1]. The 95 % bounds,
// by the delta method, hold the sampling errors of the answers, of sensitivity and of specificity. Nothing below
// kMinimumCompared or where sensitivity + specificity - 1 is not above 0 with 95 % confidence: such a judge tells
// nothing.
std::optional<Estimate> corrected_accuracy(const JudgedAnswers& answers, const Agreement& agreement);

}  // namespace ipw
