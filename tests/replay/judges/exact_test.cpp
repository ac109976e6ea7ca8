#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.judge = "exact";
  item.place = "corpus.jsonl:7";
  return item;
}

Options case_sensitive() {
  return ipw::testing::options_from("exact: {case_sensitive: true}");
}

TEST(Exact, TheSameTextIsRight) {
  const struct {
    const char* name;
    const char* expected;
    const char* text;
  } cases[] = {
      {"itself", "Paris", "Paris"},
      {"case and space", "New York", "  new\n york  "},
      {"surrounded", "Paris", "**\"Paris\".**"},
      {"typographic quotes", "Paris", "„Paris“"},
      {"statement", "Paris", "It lies on the Seine.\nAnswer: Paris"},
      {"statement with more behind it", "Paris", "The answer is Paris. It lies on the Seine."},
      {"statement in German", "Zürich", "Antwort: ZÜRICH"},
      {"last line", "Paris", "It lies on the Seine, so:\n\n*Paris*"},
      {"last statement", "Paris", "Answer: Rome\nNo.\nAnswer: Paris"},
      {"boxed", "x^{2}", "\\boxed{x^{2}}"},
      {"behind reasoning", "Paris", "<think>Rome?</think>Paris"},
      {"Greek", "αθηνα", "ΑΘΗΝΑ"},
      {"Cyrillic", "Ёлка", "ёлка"},
      {"Latin Extended-A", "Łódź", "łódź"},
      {"only punctuation", "!=", "!="},
      {"ends in signs", "C++", "`C++`"},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases)
    EXPECT_EQ((*bench)->judge(item_with(c.expected), c.text).kind, VerdictKind::correct) << c.name;
}

TEST(Exact, AnythingElseIsWrong) {
  const struct {
    const char* name;
    const char* expected;
    const char* text;
  } cases[] = {
      {"longer", "Paris", "Paris, Texas"},
      {"contained", "Paris", "It is not Paris but Rome"},
      {"statement differs from last line", "Paris", "Answer: Rome\nParis"},
      {"accents count", "Zurich", "Zürich"},
      {"mentioned before the statement", "Paris", "Paris\nAnswer: Rome"},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases)
    EXPECT_EQ((*bench)->judge(item_with(c.expected), c.text).kind, VerdictKind::wrong) << c.name;
  EXPECT_EQ((*bench)->judge(item_with("Paris"), "Answer: Rome").reason, "`Rome`, expected Paris");
}

TEST(Exact, CaseMayBeMadeToCount) {
  const auto bench = Bench::open(case_sensitive());
  ASSERT_TRUE(bench) << bench.error().message;
  EXPECT_EQ((*bench)->judge(item_with("pH"), "PH").kind, VerdictKind::wrong);
  EXPECT_EQ((*bench)->judge(item_with("pH"), " pH. ").kind, VerdictKind::correct);
}

TEST(AnswerText, ReasoningIsLeftOut) {
  const struct {
    const char* name;
    const char* text;
    const char* outside;
  } cases[] = {
      {"none", "a < b [c]", "a < b [c]"},
      {"one block", "<think>x</think>a", "a"},
      {"two blocks", "<think>x</think>a<think>y</think>b", "a\nb"},
      {"nested", "<think>x<think>y</think>z</think>a", "a"},
      {"closing tag only", "x</THINK>a", "a"},
      {"never closed", "a<think>x", "a\n"},
      {"another tag inside", "<think>x</reasoning>y</think>a", "a"},
      {"wide tags", "◁think▷x◁/think▷a", "a"},
      {"final channel", "<|channel|>analysis<|message|>x<|end|><|channel|>final<|message|>a<|end|>", "a"},
  };
  for (const auto& c : cases) {
    std::string buffer;
    EXPECT_EQ(outside_reasoning(c.text, buffer), c.outside) << c.name;
  }
}

TEST(AnswerText, PiecesOfCharactersAreLeftOut) {
  const struct {
    const char* name;
    const char* part;
    const char* whole;
  } cases[] = {
      {"none", "a答b", "a答b"},
      {"cut at the end", "a\xE7\xAD", "a"},
      {"cut at the beginning",
       "\xAD\x94"
       "a",
       "a"},
      {"cut emoji", "a\xF0\x9F\x98", "a"},
      {"whole emoji at the end", "a\xF0\x9F\x98\x80", "a\xF0\x9F\x98\x80"},
      {"no characters at all", "\x94", ""},
      {"empty", "", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(whole_characters(c.part), c.whole) << c.name;
}

}  // namespace
}  // namespace ipw::replay
