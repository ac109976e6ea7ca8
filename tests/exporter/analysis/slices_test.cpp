#include "exporter/analysis/slices.hpp"

#include <gtest/gtest.h>

#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using testing::judged;

AttemptRecord asked(const std::string& query, const std::string& subject, VerdictKind verdict) {
  auto record = judged("local", query, verdict);
  record.subject = subject;
  return record;
}

const SliceAccuracy* find(const std::vector<SliceRow>& rows, const std::string& field, const std::string& value) {
  for (const auto& row : rows)
    if (row.field == field && row.value == value) return &row.answers;
  return nullptr;
}

TEST(SliceTable, AccuracyOfEachSlice) {
  SliceTable table;
  auto record = asked("q1", "law", VerdictKind::correct);
  record.language = "de";
  record.slices = {{"level", "easy"}};
  table.add(record);
  record = asked("q2", "law", VerdictKind::unparsed);
  record.outcome = replay::Outcome::length;
  record.language = "de";
  table.add(record);
  table.add(asked("q3", "art", VerdictKind::tie));
  table.add(asked("q4", "law", VerdictKind::unanswered));
  const struct {
    const char *field, *value;
    double sum;
    std::uint64_t n, unparsed, truncated;
  } cases[] = {
      {"subject", "law", 1, 3, 1, 1},
      {"subject", "art", 0.5, 1, 0, 0},
      {"language", "de", 1, 2, 1, 1},
      {"level", "easy", 1, 1, 0, 0},
  };
  const auto rows = table.rows();
  EXPECT_EQ(rows.size(), std::size(cases));
  for (const auto& c : cases) {
    const auto* answers = find(rows, c.field, c.value);
    ASSERT_TRUE(answers) << c.value;
    EXPECT_EQ(answers->score, (Proportion{c.sum, c.n})) << c.value;
    EXPECT_EQ(answers->distinct, c.n) << c.value;
    EXPECT_EQ(answers->unparsed, c.unparsed) << c.value;
    EXPECT_EQ(answers->truncated, c.truncated) << c.value;
  }
  EXPECT_EQ(table.all().score, (Proportion{1.5, 4}));
  EXPECT_DOUBLE_EQ(table.all().unparsed_rate().value_or(9), 0.25);
  EXPECT_DOUBLE_EQ(table.all().truncated_rate().value_or(9), 0.25);
}

TEST(SliceTable, TheSameQueryAgainMakesNothingSurer) {
  SliceTable once, often;
  for (int query = 0; query < 20; ++query) {
    const auto verdict = query < 15 ? VerdictKind::correct : VerdictKind::wrong;
    auto record = asked("q" + std::to_string(query), "law", verdict);
    once.add(record);
    for (record.cycle = 0; record.cycle < 50; ++record.cycle) often.add(record);
  }
  EXPECT_EQ(often.all().score.n, 1000U);
  EXPECT_EQ(often.all().distinct, 20U);
  EXPECT_DOUBLE_EQ(often.all().accuracy().value_or(9), 0.75);
  EXPECT_NEAR(often.all().bounds()->lower, once.all().bounds()->lower, 1e-12);
  EXPECT_NEAR(once.all().bounds()->lower, 0.5313, 5e-5);
  EXPECT_NEAR(once.all().bounds()->upper, 0.8881, 5e-5);
}

TEST(SliceTable, WhatIsNotJudgedForGoodDoesNotCount) {
  SliceTable table;
  table.add(testing::attempt(asked("q1", "law", VerdictKind::wrong), 1, false));
  table.add(testing::failed(asked("q2", "law", VerdictKind::wrong)));
  table.add(testing::failed(asked("q3", "law", VerdictKind::wrong), replay::Outcome::cancelled));
  EXPECT_TRUE(table.rows().empty());
  EXPECT_FALSE(table.all().accuracy());
  EXPECT_FALSE(table.all().bounds());
  EXPECT_FALSE(table.all().unparsed_rate());
}

TEST(SliceTable, SmallSlicesAreOneWhereThereAreTooMany) {
  SliceTable table;
  for (int subject = 0; subject < 100; ++subject)
    for (int query = 0; query < (subject < 63 ? 2 : 1); ++query)
      table.add(asked(std::to_string(subject) + "/" + std::to_string(query), "s" + std::to_string(subject),
                      VerdictKind::correct));
  const auto rows = table.rows();
  ASSERT_EQ(rows.size(), SliceTable::kValues);
  EXPECT_EQ(rows.back().value, "other");
  EXPECT_EQ(rows.back().answers.score.n, 37U);
  EXPECT_EQ(rows.back().answers.distinct, 37U);
  EXPECT_EQ(find(rows, "subject", "s62")->score.n, 2U);
  EXPECT_EQ(find(rows, "subject", "s63"), nullptr);
}

}  // namespace
}  // namespace ipw
