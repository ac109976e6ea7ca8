#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string judge, std::string answer, std::vector<std::string> options = {}) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.judge = std::move(judge);
  item.options = std::move(options);
  item.place = "corpus.jsonl:7";
  return item;
}

CorpusItem with_schema(std::string schema) {
  auto item = item_with("", "Paris");
  item.metadata.emplace_back("schema", std::move(schema));
  return item;
}

Options with_default(const std::string& name) {
  return ipw::testing::options_from("default: " + name);
}

TEST(Bench, FindsTheJudgeOfAnItem) {
  const struct {
    const char* name;
    CorpusItem item;
    std::string_view judge;
  } cases[] = {
      {"its own", item_with("exact", "18"), "exact"},
      {"options", item_with("", "A", {"x", "y"}), "multiple_choice"},
      {"a number", item_with("", "1,234.5"), "numeric"},
      {"a fraction", item_with("", "3/4"), "numeric"},
      {"a text", item_with("", "Paris"), "exact"},
      {"a text with a number", item_with("", "18 apples"), "exact"},
      {"LaTeX", item_with("", "\\frac{\\pi}{2}"), "math"},
      {"LaTeX words", item_with("", "\\text{Evelyn}"), "math"},
      {"a LaTeX fraction of numbers", item_with("", "\\frac{3}{4}"), "numeric"},
      {"a power", item_with("", "x^2 + 1"), "math"},
      {"an index", item_with("", "a_{1} + a_{2}"), "math"},
      {"dollars round a formula", item_with("", "$2x$"), "math"},
      {"a root", item_with("", "3/√2"), "math"},
      {"a point", item_with("", "(1, -2)"), "math"},
      {"an interval", item_with("", "[0, 1)"), "math"},
      {"a set", item_with("", "{1, 2}"), "math"},
      {"a name in brackets", item_with("", "(Paris)"), "exact"},
      {"names in brackets", item_with("", "(Paris, Rome)"), "exact"},
      {"a path", item_with("", "C:\\Users"), "exact"},
      {"a template", item_with("", "file_{name}.txt"), "exact"},
      {"words with a dollar", item_with("", "US$ and more"), "exact"},
      {"an object", item_with("", R"({"city": "Paris"})"), "json"},
      {"a list", item_with("", R"(["Paris", 2])"), "json"},
      {"a list of numbers, which may be an interval", item_with("", "[0, 1]"), "math"},
      {"brackets that are no JSON", item_with("", "{1, 2}"), "math"},
      {"a schema", with_schema(R"({"type": "object"})"), "json"},
      {"a schema that is a text", with_schema("\"CREATE TABLE\""), "exact"},
      {"auto, said", item_with("auto", "18"), "numeric"},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases) EXPECT_EQ((*bench)->judge_of(c.item), c.judge) << c.name;
}

TEST(Bench, ADefaultJudgesWhatNamesNone) {
  const auto bench = Bench::open(with_default("exact"));
  ASSERT_TRUE(bench) << bench.error().message;
  EXPECT_EQ((*bench)->judge_of(item_with("", "18")), "exact");
  EXPECT_EQ((*bench)->judge_of(item_with("numeric", "18")), "numeric");
  EXPECT_EQ((*bench)->judge_of(item_with("auto", "18")), "numeric");
}

TEST(Bench, AnUnknownDefaultIsAnErrorWithItsPlace) {
  const auto bench = Bench::open(with_default("numerc"));
  ASSERT_FALSE(bench);
  EXPECT_EQ(bench.error().message,
            "test.yaml:1:10: unknown value `numerc`, did you mean `numeric`? (accepted: auto, contains, exact, json, "
            "math, multiple_choice, numeric, regex, llm, pairwise)");
}

TEST(Bench, AnUnknownJudgeOfAnItemIsAnErrorWithItsPlace) {
  const auto bench = Bench::open(Options::none());
  const auto unknown = (*bench)->accepts(item_with("multiple_choise", "A"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message,
            "corpus.jsonl:7: unknown judge `multiple_choise`, did you mean `multiple_choice`? "
            "(known: contains, exact, json, math, multiple_choice, numeric, regex, llm, pairwise)");
  EXPECT_EQ((*bench)->judge(item_with("nobody", "A"), "A").kind, VerdictKind::judge_error);
}

TEST(Bench, AMissingAnswerIsAnErrorWithItsPlace) {
  const auto bench = Bench::open(Options::none());
  const auto missing = (*bench)->accepts(item_with("", " "));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "corpus.jsonl:7: `answer` is missing: the judge `exact` needs it");
}

TEST(Bench, NoTextIsUnansweredNotWrong) {
  const auto bench = Bench::open(Options::none());
  for (const char* text : {"", " \n\t "}) {
    const auto verdict = (*bench)->judge(item_with("numeric", "18"), text);
    EXPECT_EQ(verdict.kind, VerdictKind::unanswered);
    EXPECT_EQ(verdict.score, 0);
  }
}

TEST(Bench, EveryVerdictHasItsName) {
  const std::string_view names[kVerdictKinds] = {"correct", "tie", "wrong", "unparsed", "unanswered", "judge_error"};
  for (std::size_t i = 0; i < kVerdictKinds; ++i) EXPECT_EQ(to_text(static_cast<VerdictKind>(i)), names[i]);
}

TEST(Bench, AModelsVerdictIsCheckedWhereAnotherJudgeCan) {
  const auto bench = Bench::open(Options::none());
  const auto number = item_with("llm", "42");
  EXPECT_NE((*bench)->model_judge(number), nullptr);
  EXPECT_EQ((*bench)->control(number, "It is 42."), VerdictKind::correct);
  EXPECT_EQ((*bench)->control(number, "It is 41."), VerdictKind::wrong);
  EXPECT_EQ((*bench)->control(number, "No idea."), VerdictKind::unparsed);
  EXPECT_FALSE((*bench)->control(item_with("llm", "a long story"), "another")) << "text can be right in many words";
  EXPECT_FALSE((*bench)->control(item_with("numeric", "42"), "42"));
  EXPECT_FALSE((*bench)->control(item_with("llm", ""), "42"));
}

TEST(Bench, WhatMathCannotDecideMayBeAskedOfAModel) {
  const auto bench = Bench::open(Options::none());
  const auto formula = item_with("math", "x^2");
  EXPECT_EQ((*bench)->second_opinion(formula, {VerdictKind::wrong, 0, ""}), nullptr);
  EXPECT_EQ((*bench)->second_opinion(formula, {VerdictKind::unparsed, 0, ""}), (*bench)->auditor());
  EXPECT_EQ((*bench)->second_opinion(item_with("numeric", "4"), {VerdictKind::unparsed, 0, ""}), nullptr);
}

TEST(Bench, AuditsItsShareOfTheItems) {
  const auto bench = Bench::open(ipw::testing::options_from("audit: 0.25"));
  ASSERT_TRUE(bench) << bench.error().message;
  auto item = item_with("numeric", "42");
  int audited = 0;
  for (int i = 0; i < 4000; ++i) {
    item.id = "q" + std::to_string(i);
    audited += (*bench)->audits(item) ? 1 : 0;
  }
  EXPECT_NEAR(audited, 1000, 100);
  EXPECT_FALSE((*bench)->audits(item_with("llm", "42"))) << "the model judges that anyway";
  EXPECT_FALSE((*Bench::open(Options::none()))->audits(item));
}

}  // namespace
}  // namespace ipw::replay
