// What the journal knows of verdicts that come later than their answers.

#include <gtest/gtest.h>

#include "exporter/record_text.hpp"
#include "exporter/store/journal.hpp"
#include "tests/support/records.hpp"
#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using testing::full_record;

class JournalVerdicts : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() {
    auto journal =
        Journal::open({.path = (folder_.path() / "ipw.db").string(), .keep_answers = true, .read_only = false});
    EXPECT_TRUE(journal) << journal.error().message;
    return std::move(*journal);
  }
  const testing::TemporaryFolder folder_;
};

TEST_F(JournalVerdicts, ALateVerdictTakesItsPlace) {
  const auto journal = open();
  auto record = full_record("a", "q");
  record.verdict.reset();
  record.score.reset();
  record.verdict_reason.clear();
  record.judge.clear();
  ASSERT_TRUE(journal->append({record}));
  ASSERT_TRUE(journal->judge({{"a", {replay::VerdictKind::tie, 0.5, "equal"}, "pairwise", {}},
                              {"nobody", {replay::VerdictKind::wrong, 0, "lost"}, "llm", {}}}));
  record.verdict = replay::VerdictKind::tie;
  record.score = 0.5;
  record.verdict_reason = "equal";
  record.judge = "pairwise";
  EXPECT_EQ(to_json(**journal->find("a")), to_json(record));
}

TEST_F(JournalVerdicts, KeepsWhatAJudgingModelHasSaid) {
  const auto journal = open();
  EXPECT_FALSE(*journal->judgement("question"));
  ASSERT_TRUE(journal->keep_judgement("question", 0.5));
  ASSERT_TRUE(journal->keep_judgement("question", 1));
  EXPECT_EQ(*journal->judgement("question"), 1);
  EXPECT_FALSE(*journal->judgement("another"));
}

TEST_F(JournalVerdicts, FindsWhatATargetHasAnswered) {
  const auto journal = open();
  auto older = full_record("a", "q"), newer = full_record("b", "q"), old = full_record("c", "r");
  older.cycle = 7, newer.cycle = 8, old.cycle = 1;
  older.answer = "before", newer.answer = "now", old.answer = "long ago";
  ASSERT_TRUE(journal->append({older, newer, old}));
  EXPECT_EQ(*journal->answer("local", "mmlu", "q"), "now");
  EXPECT_FALSE(*journal->answer("local", "mmlu", "r")) << "not of this cycle or the one before";
  EXPECT_FALSE(*journal->answer("cloud", "mmlu", "q"));
  EXPECT_FALSE(*journal->answer("local", "gsm8k", "q"));
}

}  // namespace
}  // namespace ipw
