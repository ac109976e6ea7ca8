#include "exporter/analysis/coverage.hpp"

#include <gtest/gtest.h>

#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using testing::judged;

constexpr auto kRight = VerdictKind::correct;
constexpr auto kWrong = VerdictKind::wrong;

class Answers {
 public:
  void add(const AttemptRecord& record) { results_.add({std::span(&record, 1)}); }
  void add(const std::string& target, const std::string& query, VerdictKind verdict, std::uint64_t cycle = 0) {
    auto record = judged(target, query, verdict);
    record.cycle = cycle;
    add(record);
  }
  std::vector<ComparedQuery> common(const std::vector<std::string>& targets) const { return results_.common(targets); }

 private:
  QueryResults results_;
};

std::optional<std::size_t> unknown_options(std::string_view) {
  return std::nullopt;
}

TEST(QueryResults, AQueryCountsOnceFromTheNewestCycleThatAllHave) {
  const struct {
    const char* name;
    std::vector<std::uint64_t> small, large;  // the cycles, in the order in which they come
    std::uint64_t small_used, large_used;
  } cases[] = {
      {"the same", {0, 1}, {0, 1}, 1, 1},
      {"one is ahead", {0, 1, 2}, {0, 1}, 1, 1},
      {"in any order", {2, 0, 1}, {1, 0}, 1, 1},
      {"they share none", {4, 5}, {0, 1}, 5, 1},
      {"only the newest are kept", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3}, 3, 3},
      {"what has gone is not shared", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1}, 9, 1},
  };
  for (const auto& c : cases) {
    Answers answers;
    for (const auto cycle : c.small) answers.add("small", "q", kRight, cycle);
    for (const auto cycle : c.large) answers.add("large", "q", kRight, cycle);
    const auto queries = answers.common({"small", "large"});
    ASSERT_EQ(queries.size(), 1U) << c.name;
    EXPECT_EQ(queries[0].results[0]->cycle, c.small_used) << c.name;
    EXPECT_EQ(queries[0].results[1]->cycle, c.large_used) << c.name;
  }
}

TEST(QueryResults, OnlyWhatAllHaveJudgedIsCommon) {
  Answers answers;
  answers.add("small", "q1", kRight);
  answers.add("small", "q2", kRight);
  answers.add("large", "q2", kRight);
  auto pending = judged("large", "q1", kRight);
  pending.verdict.reset();
  answers.add(pending);
  auto other = judged("large", "q1", kRight);
  other.corpus = "gsm8k";
  answers.add(other);
  const auto queries = answers.common({"small", "large"});
  ASSERT_EQ(queries.size(), 1U);
  EXPECT_EQ(queries[0].id, "q2");
  EXPECT_TRUE(answers.common({"small", "nobody"}).empty());
}

TEST(Coverage, AsGoodAsTheReference) {
  const struct {
    const char* name;
    VerdictKind target, reference;
    bool pairwise, both_pairwise, expected;
  } cases[] = {
      {"both right", kRight, kRight, false, false, true},
      {"better", kRight, kWrong, false, false, true},
      {"both wrong", kWrong, kWrong, false, false, true},
      {"worse", kWrong, kRight, false, false, false},
      {"won against it", kRight, kRight, true, false, true},
      {"a tie with it, which is right", VerdictKind::tie, kRight, true, false, true},
      {"lost against it, though that is wrong", kWrong, kWrong, true, false, false},
      {"both compared with a third: a tie below a win", VerdictKind::tie, kRight, true, true, false},
      {"both compared with a third: both lost", kWrong, kWrong, true, true, true},
  };
  for (const auto& c : cases) {
    Answers answers;
    auto target = judged("small", "q", c.target), reference = judged("large", "q", c.reference);
    if (c.pairwise) target.judge = "pairwise";
    if (c.both_pairwise) reference.judge = "pairwise";
    answers.add(target);
    answers.add(reference);
    const auto queries = answers.common({"small", "large"});
    ASSERT_EQ(queries.size(), 1U) << c.name;
    EXPECT_EQ(as_good(*queries[0].results[0], *queries[0].results[1]), c.expected) << c.name;
  }
}

// Five queries and three targets: what each solves is one of its letters.
class ThreeTargets : public ::testing::Test {
 protected:
  ThreeTargets() {
    const std::pair<std::string, std::string> solved[] = {{"small", "ab"}, {"middle", "bc"}, {"large", "abd"}};
    for (const auto& [target, letters] : solved) {
      for (const std::string query : {"a", "b", "c", "d", "e"}) {
        auto record = judged(target, query, letters.find(query) == std::string::npos ? kWrong : kRight);
        record.subject = query < "c" ? "law" : "art";
        answers_.add(record);
      }
    }
  }
  Answers answers_;
};

TEST_F(ThreeTargets, CoverageBySubject) {
  const auto covered = coverage(answers_.common({"middle", "large"}));
  EXPECT_EQ(covered.all, (Proportion{3, 5}));  // b, c, e
  EXPECT_EQ(covered.by_subject.at("law"), (Proportion{1, 2}));
  EXPECT_EQ(covered.by_subject.at("art"), (Proportion{2, 3}));
  EXPECT_NEAR(covered.all.bounds()->lower, 0.2307, 5e-5);
}

TEST_F(ThreeTargets, UnionBesideTheLevelOfChance) {
  const auto queries = answers_.common({"small", "middle", "large"});
  const auto alone = union_of(queries, 2, unknown_options);
  EXPECT_EQ(alone.as_good, (Proportion{4, 5})) << "all but d";
  EXPECT_EQ(alone.solved, (Proportion{3, 5})) << "a, b, c";
  EXPECT_FALSE(alone.chance) << "not of multiple choice";

  // Two that guess: 1 - (3/4)^2 = 0.4375 of four options, 1 - (9/10)^2 = 0.19 of ten.
  const auto chance = [&](std::optional<std::size_t> of_e) {
    return union_of(queries, 2, [of_e](std::string_view query) { return query == "e" ? of_e : 4; }).chance;
  };
  EXPECT_NEAR(chance(4).value_or(0), 0.4375, 1e-12);
  EXPECT_NEAR(chance(10).value_or(0), (4 * 0.4375 + 0.19) / 5, 1e-12);
  EXPECT_FALSE(chance(std::nullopt));
  EXPECT_FALSE(union_of({}, 0, unknown_options).chance);
}

TEST_F(ThreeTargets, DifficultyIsTheFirstThatSolves) {
  const auto levels = [&](const std::vector<std::string>& order) {
    return difficulty(answers_.common(order), order.size());
  };
  EXPECT_EQ(levels({"small", "middle", "large"}), (std::vector<std::uint64_t>{2, 1, 1, 1}));
  EXPECT_EQ(levels({"large", "middle", "small"}), (std::vector<std::uint64_t>{3, 1, 0, 1}));
}

}  // namespace
}  // namespace ipw
