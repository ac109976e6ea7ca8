#include "exporter/analysis/tries.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using testing::attempt;
using testing::judged;

constexpr EnergyLabels kMeasured{probes::Scope::accelerator, probes::Quality::measured};

// Tries one by one of a query: `w` wrong, `c` correct, `x` an attempt without an answer. Each takes 10 J.
void add(Tries& tries, const std::string& course) {
  std::vector<AttemptRecord> attempts;
  for (std::size_t i = 0; i < course.size(); ++i) {
    const bool last = i + 1 == course.size();
    auto record = judged("local", "q", course[i] == 'c' ? VerdictKind::correct : VerdictKind::wrong, 10);
    record = attempt(record, static_cast<int>(i) + 1, last);
    if (course[i] == 'x') record = testing::failed(record, replay::Outcome::timeout_total);
    if (course[i] == 'x' && last) record.verdict = VerdictKind::unanswered;
    attempts.push_back(record);
  }
  tries.add({attempts});
}

TEST(Tries, CountsFailuresBeforeTheFirstSuccess) {
  const struct {
    const char *name, *course;
    bool solved;
    std::uint64_t failures, tries;
  } cases[] = {
      {"at once", "c", true, 0, 1},
      {"at the third", "wwc", true, 2, 3},
      {"never", "www", false, 3, 3},
      {"what is not answered is no try", "xwxc", true, 1, 2},
      {"nothing was answered", "xx", false, 0, 0},
  };
  for (const auto& c : cases) {
    Tries tries;
    add(tries, c.course);
    EXPECT_EQ(tries.queries(), 1U) << c.name;
    EXPECT_EQ(tries.solved(), c.solved ? 1U : 0U) << c.name;
    EXPECT_EQ(tries.never_solved(), c.solved ? 0U : 1U) << c.name;
    EXPECT_EQ(tries.failures().contains(c.failures), c.solved) << c.name;
    EXPECT_EQ(tries.most_tries(), c.tries) << c.name;
  }
}

TEST(Tries, WorkedExample) {
  Tries tries;
  for (const auto* course : {"c", "c", "wc", "wwwc", "wwww"}) add(tries, course);
  EXPECT_EQ(tries.solved_at_once(), (Proportion{2, 5}));
  EXPECT_DOUBLE_EQ(tries.mean().value_or(9), 1);        // (0 + 0 + 1 + 3) / 4
  EXPECT_DOUBLE_EQ(tries.variance().value_or(9), 1.5);  // (1 + 1 + 0 + 4) / 4
  EXPECT_EQ(tries.most_tries(), 4U);
  const auto joules = tries.joules();
  ASSERT_TRUE(joules.contains(kMeasured));
  EXPECT_EQ(joules.at(kMeasured).queries, 4U);
  EXPECT_DOUBLE_EQ(joules.at(kMeasured).mean, 20);  // 10, 10, 20, 40
  EXPECT_FALSE(joules.at(kMeasured).median) << "four are too few";
}

TEST(Tries, MedianOfElevenQueries) {
  Tries tries;
  for (int i = 0; i < 6; ++i) add(tries, "c");
  for (int i = 0; i < 4; ++i) add(tries, "wc");
  EXPECT_FALSE(tries.joules().at(kMeasured).median);
  add(tries, "wwc");
  EXPECT_EQ(tries.joules().at(kMeasured).median, 10);
}

TEST(Tries, AttemptsAfterTheFirstSuccessDoNotCount) {
  Tries tries;
  add(tries, "wcw");
  EXPECT_EQ(tries.failures().at(1), 1U);
  EXPECT_DOUBLE_EQ(tries.joules().at(kMeasured).mean, 20);
}

TEST(Tries, OfNothingIsUnknown) {
  Tries tries;
  EXPECT_FALSE(tries.mean() || tries.variance() || tries.tail_exponent() || tries.solved_at_once().value());
  EXPECT_TRUE(tries.joules().empty());
  add(tries, "www");
  EXPECT_FALSE(tries.mean() || tries.variance());
}

TEST(Tries, AQueryOfWhichAttemptsAreMissingDoesNotCount) {
  Tries tries;
  const std::vector<AttemptRecord> rest{attempt(judged("local", "q", VerdictKind::correct), 2, true)};
  tries.add({rest});
  EXPECT_EQ(tries.queries(), 0U);
}

// Failures drawn from P(X > x) = x^-a for x >= 1, cut off after `most` tries.
Tries drawn_from(double a, std::uint64_t most, int queries) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(0, 1);
  Tries tries;
  for (int i = 0; i < queries; ++i) {
    const double failures = std::ceil(std::pow(1 - uniform(random), -1 / a));
    const bool solved = failures < static_cast<double>(most);
    add(tries, std::string(solved ? static_cast<std::size_t>(failures) : most, 'w') + (solved ? "c" : ""));
  }
  return tries;
}

TEST(TailExponent, IsFoundThoughTriesEnd) {
  const struct {
    const char* name;
    double a;
    std::uint64_t most;
  } cases[] = {
      {"limited: no mean", 0.7, 16}, {"capable: no variance", 1.5, 16}, {"autonomous", 2.5, 16},
      {"few tries", 1.5, 4},         {"many tries", 1.5, 64},
  };
  for (const auto& c : cases) {
    const auto found = drawn_from(c.a, c.most, 4000).tail_exponent();
    ASSERT_TRUE(found) << c.name;
    EXPECT_NEAR(found->value, c.a, 0.1 * c.a) << c.name;
    EXPECT_LT(found->bounds.lower, c.a) << c.name;
    EXPECT_GT(found->bounds.upper, c.a) << c.name;
  }
}

TEST(TailExponent, IsUnknownWhereThereIsNoTail) {
  Tries few, thin, unsolved;
  for (int i = 0; i < 29; ++i) add(few, i % 2 == 0 ? "wwc" : "wwwwc");
  EXPECT_FALSE(few.tail_exponent()) << "29 queries beyond one failure";
  add(few, "wwc");
  EXPECT_TRUE(few.tail_exponent()) << "30";
  for (int i = 0; i < 100; ++i) add(thin, "wwc");
  EXPECT_FALSE(thin.tail_exponent()) << "nothing beyond two failures";
  for (int i = 0; i < 100; ++i) add(unsolved, "wwww");
  EXPECT_FALSE(unsolved.tail_exponent()) << "nothing was ever solved";
}

}  // namespace
}  // namespace ipw
