#include "exporter/analysis/judge_quality.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ipw {
namespace {

using replay::VerdictKind;

Agreement agreement(std::uint64_t right_passed, std::uint64_t right_failed, std::uint64_t wrong_passed,
                    std::uint64_t wrong_failed) {
  Agreement seen;
  seen.right_passed = right_passed;
  seen.right_failed = right_failed;
  seen.wrong_passed = wrong_passed;
  seen.wrong_failed = wrong_failed;
  return seen;
}

TEST(Agreement, CountsOnlyWhatBothHaveDecided) {
  const struct {
    const char* name;
    VerdictKind judge, control;
    std::uint64_t Agreement::*counted;
  } cases[] = {
      {"both correct", VerdictKind::correct, VerdictKind::correct, &Agreement::right_passed},
      {"the judge misses one", VerdictKind::wrong, VerdictKind::correct, &Agreement::right_failed},
      {"the judge is fooled", VerdictKind::correct, VerdictKind::wrong, &Agreement::wrong_passed},
      {"both wrong", VerdictKind::wrong, VerdictKind::wrong, &Agreement::wrong_failed},
      {"no answer was found", VerdictKind::wrong, VerdictKind::unparsed, &Agreement::undecided},
      {"a tie", VerdictKind::tie, VerdictKind::correct, &Agreement::undecided},
      {"no answer came", VerdictKind::unanswered, VerdictKind::unanswered, &Agreement::undecided},
      {"the judge failed", VerdictKind::judge_error, VerdictKind::correct, &Agreement::judge_errors},
  };
  for (const auto& c : cases) {
    Agreement seen, expected;
    seen.add(c.judge, c.control);
    expected.*c.counted = 1;
    EXPECT_EQ(seen, expected) << c.name;
  }
}

TEST(Agreement, SensitivityAndSpecificity) {
  const auto seen = agreement(81, 9, 4, 16);
  EXPECT_EQ(seen.sensitivity(), (Proportion{81, 90}));
  EXPECT_EQ(seen.specificity(), (Proportion{16, 20}));
  EXPECT_EQ(seen.compared(), 110U);
  EXPECT_NEAR(seen.specificity().bounds()->lower, 0.5840, 5e-5);
  EXPECT_FALSE(Agreement().sensitivity().value());
}

TEST(Agreement, BeyondChance) {
  // By hand: observed 35/50; chance 0.5*0.6 + 0.5*0.4 for kappa, 2*0.55*0.45 for AC1. The standard errors come from the
  // formula for any number of categories, written down independently.
  const struct {
    const char* name;
    Agreement seen;
    double kappa, error, ac1;
  } cases[] = {
      {"Cohen, 20 10 5 15", agreement(20, 5, 10, 15), 0.4, 0.126996, 0.405941},
      {"always the same", agreement(40, 0, 0, 10), 1, 0, 1},
      {"never the same", agreement(0, 25, 25, 0), -1, 0, -1},
      // Gwet's paradox: 118 of 125 agree, and kappa says it is chance.
      {"nearly all correct", agreement(118, 5, 2, 0), -0.023392, 0.012287, 0.940776},
  };
  for (const auto& c : cases) {
    const auto kappa = cohen_kappa(c.seen);
    ASSERT_TRUE(kappa) << c.name;
    EXPECT_NEAR(kappa->value, c.kappa, 1e-6) << c.name;
    EXPECT_NEAR(kappa->standard_error, c.error, 1e-6) << c.name;
    EXPECT_NEAR(gwet_ac1(c.seen).value_or(-9), c.ac1, 1e-6) << c.name;
  }
  EXPECT_FALSE(cohen_kappa({}));
  EXPECT_FALSE(gwet_ac1({}));
  EXPECT_FALSE(cohen_kappa(agreement(10, 0, 0, 0))) << "chance alone agrees";
}

TEST(CorrectedAccuracy, WorkedExamples) {
  const struct {
    const char* name;
    JudgedAnswers answers;
    Agreement seen;
    double value;
  } cases[] = {
      // (0.65 + 0.8 - 1) / (0.9 + 0.8 - 1)
      {"passes too few and too many", {650, 350, 0}, agreement(90, 10, 20, 80), 0.642857},
      {"a perfect judge is not corrected", {650, 350, 0}, agreement(100, 0, 0, 100), 0.65},
      // Of the 900 that it decided 0.6428 are correct: of all 1000, 0.5786.
      {"what it did not decide is wrong", {585, 315, 100}, agreement(90, 10, 20, 80), 0.578571},
      {"clipped above", {990, 10, 0}, agreement(90, 10, 20, 80), 1},
      {"clipped below", {10, 990, 0}, agreement(90, 10, 20, 80), 0},
  };
  for (const auto& c : cases) {
    const auto found = corrected_accuracy(c.answers, c.seen);
    ASSERT_TRUE(found) << c.name;
    EXPECT_NEAR(found->value, c.value, 1e-6) << c.name;
    EXPECT_LE(found->bounds.lower, found->value) << c.name;
    EXPECT_GE(found->bounds.upper, found->value) << c.name;
    EXPECT_GE(found->bounds.lower, 0) << c.name;
    EXPECT_LE(found->bounds.upper, 1) << c.name;
  }
}

TEST(CorrectedAccuracy, IsWiderThanTheRawOne) {
  const JudgedAnswers answers{650, 350, 0};
  const auto raw = Proportion{650, 1000}.bounds();
  const auto width = [](const Bounds& bounds) { return bounds.upper - bounds.lower; };
  const auto few = corrected_accuracy(answers, agreement(45, 5, 10, 40));
  const auto many = corrected_accuracy(answers, agreement(4500, 500, 1000, 4000));
  ASSERT_TRUE(few && many);
  EXPECT_GT(width(many->bounds), width(*raw));
  EXPECT_GT(width(few->bounds), width(many->bounds));
}

TEST(CorrectedAccuracy, IsUnknownWhereTheJudgeTellsNothing) {
  const struct {
    const char* name;
    JudgedAnswers answers;
    Agreement seen;
  } cases[] = {
      {"no answers", {}, agreement(90, 10, 20, 80)},
      {"never compared", {650, 350, 0}, {}},
      {"29 correct ones compared", {650, 350, 0}, agreement(29, 0, 20, 80)},
      {"29 wrong ones compared", {650, 350, 0}, agreement(90, 10, 0, 29)},
      {"always passes", {1000, 0, 0}, agreement(100, 0, 100, 0)},
      {"a coin", {500, 500, 0}, agreement(50, 50, 50, 50)},
      {"better than a coin by luck", {500, 500, 0}, agreement(55, 45, 48, 52)},
      {"worse than a coin", {500, 500, 0}, agreement(10, 90, 80, 20)},
  };
  for (const auto& c : cases) EXPECT_FALSE(corrected_accuracy(c.answers, c.seen)) << c.name;
}

// 2,000 judged corpora of which the truth is known.
TEST(CorrectedAccuracy, ItsBoundsHoldTheTruth) {
  const struct {
    const char* name;
    double truth, sensitivity, specificity;
    unsigned answers, compared;
  } cases[] = {
      {"a fair judge", 0.70, 0.90, 0.85, 500, 200},
      {"a lenient judge, hard corpus", 0.30, 0.95, 0.80, 1000, 150},
      {"a strict judge, easy corpus", 0.85, 0.85, 0.95, 1000, 150},
      {"a good judge, many answers", 0.60, 0.97, 0.94, 5000, 400},
  };
  for (const auto& c : cases) {
    std::mt19937_64 random(7);
    const auto draw = [&random](unsigned n, double p) {
      return static_cast<std::uint64_t>(std::binomial_distribution<unsigned>(n, p)(random));
    };
    int held = 0;
    for (int run = 0; run < 2000; ++run) {
      const auto right = draw(c.compared, c.sensitivity), wrong = draw(c.compared, c.specificity);
      const auto passed = draw(c.answers, c.truth * c.sensitivity + (1 - c.truth) * (1 - c.specificity));
      const auto found = corrected_accuracy({passed, c.answers - passed, 0},
                                            agreement(right, c.compared - right, c.compared - wrong, wrong));
      ASSERT_TRUE(found) << c.name;
      held += found->bounds.lower <= c.truth && c.truth <= found->bounds.upper ? 1 : 0;
    }
    EXPECT_GE(held, 1860) << c.name;
    EXPECT_LE(held, 1940) << c.name;
  }
}

}  // namespace
}  // namespace ipw
