#include <gtest/gtest.h>

#include "replay/model_judge.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

std::unique_ptr<ModelJudge> judge(const std::string& yaml = "") {
  auto options = yaml.empty() ? Options::none() : ipw::testing::options_from(yaml);
  return *(*model_judges().find("pairwise"))(options);
}

CorpusItem item(std::string reference) {
  CorpusItem made;
  made.problem = "Say something.";
  made.reference = std::move(reference);
  made.place = "c.jsonl:3";
  return made;
}

TEST(Pairwise, AsksInBothOrders) {
  const auto prompts = judge()->questions(item("theirs"), "ours", {});
  ASSERT_EQ(prompts.size(), 2U);
  EXPECT_LT(prompts[0].find("\nours\n"), prompts[0].find("\ntheirs\n"));
  EXPECT_LT(prompts[1].find("\ntheirs\n"), prompts[1].find("\nours\n"));
  const auto rivals = judge("against: big")->questions(item("theirs"), "ours", "rival");
  EXPECT_NE(rivals[0].find("\nrival\n"), std::string::npos);
  EXPECT_EQ(rivals[0].find("\ntheirs\n"), std::string::npos);
}

TEST(Pairwise, BothOrdersMakeTheVerdict) {
  const struct {
    const char* first;
    const char* second;
    VerdictKind kind;
    double score;
    bool split;
  } rows[] = {
      {"A", "B", VerdictKind::correct, 1, false},       {"B", "A", VerdictKind::wrong, 0, false},
      {"A", "A", VerdictKind::tie, 0.5, true},          {"B", "B", VerdictKind::tie, 0.5, true},
      {"TIE", "tie.", VerdictKind::tie, 0.5, false},    {"A", "TIE", VerdictKind::correct, 0.75, true},
      {"**B**", "TIE", VerdictKind::wrong, 0.25, true},
  };
  const auto one = judge();
  for (const auto& row : rows) {
    const auto first = one->read(0, row.first), second = one->read(1, row.second);
    ASSERT_TRUE(first && second) << row.first << row.second;
    const auto verdict = one->conclude({*first, *second});
    EXPECT_EQ(verdict.kind, row.kind) << row.first << row.second;
    EXPECT_EQ(verdict.score, row.score) << row.first << row.second;
    EXPECT_EQ(verdict.split, row.split) << row.first << row.second;
  }
}

TEST(Pairwise, TakesOneWordAndNothingElse) {
  for (const char* reply : {"", "C", "A is better", "AB", "[[A]]x", "Both"})
    EXPECT_FALSE(judge()->read(0, reply)) << reply;
}

TEST(Pairwise, NeedsAReferenceOrARival) {
  EXPECT_TRUE(judge()->accepts(item("theirs")));
  const auto refused = judge()->accepts(item(" "));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "c.jsonl:3: `reference` is missing: the judge `pairwise` compares with it");
  EXPECT_TRUE(judge("against: big")->accepts(item("")));
  EXPECT_EQ(judge("against: big")->rival(), "big");
  EXPECT_EQ(judge("against: reference")->rival(), "");
}

}  // namespace
}  // namespace ipw::replay
