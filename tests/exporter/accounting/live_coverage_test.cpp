#include "exporter/accounting/live_coverage.hpp"

#include <gtest/gtest.h>

#include "tests/support/attempts.hpp"

namespace ipw {
namespace {

using namespace testing;
using replay::VerdictKind;

constexpr std::size_t kSmall = 0, kLarge = 1, kMiddle = 2;  // the reference is the large one

// What a judge says of one answer.
struct Said {
  std::size_t target;
  std::string query;
  VerdictKind verdict;
  double score;
  std::uint64_t cycle{0};
  std::string judge{"exact"};
};

Said right(std::size_t target, const std::string& query, std::uint64_t cycle = 0) {
  return {target, query, VerdictKind::correct, 1, cycle};
}
Said wrong(std::size_t target, const std::string& query, std::uint64_t cycle = 0) {
  return {target, query, VerdictKind::wrong, 0, cycle};
}
Said scored(std::size_t target, const std::string& query, double score) {
  return {target, query, VerdictKind::wrong, score};
}
Said unjudged(std::size_t target, const std::string& query, std::uint64_t cycle) {
  return {target, query, VerdictKind::judge_error, 0, cycle};
}
Said compared(std::size_t target, VerdictKind verdict, double score) {
  return {target, "q", verdict, score, 0, "pairwise"};
}

void tell(LiveCoverage& coverage, const Said& said, const std::string& subject = "law") {
  const auto query = make_query({.id = said.query, .target = said.target, .cycle = said.cycle});
  coverage.on({make_attempt(query, {}), {said.verdict, said.score, ""}, said.judge}, subject);
}

CoverageCounts of(const CoverageSnapshot::BySubject& subjects, const std::string& subject = "law") {
  const auto found = subjects.find(subject);
  return found == subjects.end() ? CoverageCounts{} : found->second;
}

TEST(LiveCoverage, CountsEachQueryOnceByItsNewestScores) {
  const struct {
    const char* name;
    std::vector<Said> said;
    CoverageCounts expected;  // of the small target
  } cases[] = {
      {"the reference alone", {right(kLarge, "q")}, {0, 0}},
      {"the target alone", {right(kSmall, "q")}, {0, 0}},
      {"different queries", {right(kSmall, "q"), right(kLarge, "r")}, {0, 0}},
      {"both right", {right(kSmall, "q"), right(kLarge, "q")}, {1, 1}},
      {"in the other order", {right(kLarge, "q"), right(kSmall, "q")}, {1, 1}},
      {"both wrong", {wrong(kSmall, "q"), wrong(kLarge, "q")}, {1, 1}},
      {"worse", {wrong(kSmall, "q"), right(kLarge, "q")}, {1, 0}},
      {"a little worse", {scored(kSmall, "q", 0.3), scored(kLarge, "q", 0.30000001)}, {1, 0}},
      {"two queries", {wrong(kSmall, "q"), right(kLarge, "q"), right(kSmall, "r"), wrong(kLarge, "r")}, {2, 1}},
      {"the target has got worse", {right(kSmall, "q"), right(kLarge, "q"), wrong(kSmall, "q", 1)}, {1, 0}},
      {"the target has got better", {wrong(kSmall, "q"), right(kLarge, "q"), right(kSmall, "q", 1)}, {1, 1}},
      {"the reference has got better", {wrong(kSmall, "q"), wrong(kLarge, "q"), right(kLarge, "q", 1)}, {1, 0}},
      {"a verdict of an earlier cycle comes late",
       {right(kSmall, "q", 1), right(kLarge, "q", 1), wrong(kSmall, "q")},
       {1, 1}},
      {"what could not be judged changes nothing",
       {right(kSmall, "q"), right(kLarge, "q"), unjudged(kSmall, "q", 1), unjudged(kLarge, "q", 1)},
       {1, 1}},
      {"what could not be judged is not compared", {unjudged(kSmall, "q", 0), wrong(kLarge, "q")}, {0, 0}},
      {"a tie in a comparison", {compared(kSmall, VerdictKind::tie, 0.5), right(kLarge, "q")}, {1, 1}},
      {"a comparison lost", {compared(kSmall, VerdictKind::wrong, 0), wrong(kLarge, "q")}, {1, 0}},
      {"both compared with a third",
       {compared(kSmall, VerdictKind::tie, 0.5), compared(kLarge, VerdictKind::correct, 1)},
       {1, 0}},
  };
  for (const auto& c : cases) {
    LiveCoverage coverage(2, kLarge);
    for (const auto& said : c.said) tell(coverage, said);
    EXPECT_EQ(of(coverage.snapshot().targets[kSmall]), c.expected) << c.name;
    EXPECT_EQ(of(coverage.snapshot().together), c.expected) << c.name << ": a single other target is the union";
    EXPECT_TRUE(coverage.snapshot().targets[kLarge].empty()) << c.name << ": the reference is not compared";
  }
}

TEST(LiveCoverage, TheUnionIsOverWhatAllHaveAnswered) {
  LiveCoverage coverage(3, kLarge);
  const auto together = [&] { return of(coverage.snapshot().together); };
  tell(coverage, right(kLarge, "q"));
  tell(coverage, wrong(kSmall, "q"));
  EXPECT_EQ(together(), (CoverageCounts{0, 0})) << "one is missing";
  tell(coverage, right(kMiddle, "q"));
  EXPECT_EQ(together(), (CoverageCounts{1, 1})) << "one is enough";
  tell(coverage, wrong(kMiddle, "q", 1));
  EXPECT_EQ(together(), (CoverageCounts{1, 0}));
  EXPECT_EQ(of(coverage.snapshot().targets[kMiddle]), (CoverageCounts{1, 0}));
  tell(coverage, right(kSmall, "q", 1));
  EXPECT_EQ(together(), (CoverageCounts{1, 1}));
}

TEST(LiveCoverage, IsBySubject) {
  LiveCoverage coverage(2, kLarge);
  for (const std::string subject : {"law", "art"}) {
    tell(coverage, right(kLarge, subject), subject);
    tell(coverage, subject == "law" ? right(kSmall, subject) : wrong(kSmall, subject), subject);
  }
  const auto& subjects = coverage.snapshot().targets[kSmall];
  EXPECT_EQ(subjects.size(), 2U);
  EXPECT_EQ(of(subjects, "law"), (CoverageCounts{1, 1}));
  EXPECT_EQ(of(subjects, "art"), (CoverageCounts{1, 0}));
}

TEST(LiveCoverage, TakesSoManyQueriesAndNoMore) {
  LiveCoverage coverage(2, kLarge, 2);
  for (const std::string query : {"a", "b"}) tell(coverage, right(kLarge, query));
  EXPECT_FALSE(coverage.snapshot().full);
  tell(coverage, right(kLarge, "c"));
  EXPECT_TRUE(coverage.snapshot().full);
  for (const std::string query : {"a", "b", "c"}) tell(coverage, wrong(kSmall, query));
  EXPECT_EQ(of(coverage.snapshot().targets[kSmall]), (CoverageCounts{2, 0})) << "c is not taken, a and b go on";
}

TEST(LiveCoverage, TheRatioOfNothingIsUnknown) {
  EXPECT_FALSE(CoverageCounts{}.ratio());
  EXPECT_EQ((CoverageCounts{4, 1}).ratio(), 0.25);
}

}  // namespace
}  // namespace ipw
