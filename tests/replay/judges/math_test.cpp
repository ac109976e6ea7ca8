#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "replay/judges/math_expression.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.judge = "math";
  item.place = "corpus.jsonl:7";
  return item;
}

Options with_tolerance(const std::string& tolerance) {
  return ipw::testing::options_from("math: {tolerance: " + tolerance + "}");
}

Verdict judged(const std::string& expected, std::string_view text, Options options = Options::none()) {
  const auto bench = Bench::open(std::move(options));
  return (*bench)->judge(item_with(expected), text);
}

struct Case {
  const char* name;
  const char* expected;
  const char* text;
};

TEST(Math, FindsTheFormulaThatIsStated) {
  const Case cases[] = {
      {"boxed", "5", "Thus the answer is $\\boxed{5}$. I hope it is correct."},
      {"boxed without braces", "5", "so $\\boxed 5$"},
      {"framed", "5", "so \\fbox{5}"},
      {"the last box", "5", "\\boxed{4} is wrong, so $\\boxed{5}$"},
      {"braces in the box", "\\frac{1}{2}", "\\boxed{\\frac{1}{2}} and then {more}"},
      {"escaped braces in the box", "1,2", "\\boxed{\\{1,2\\}}"},
      {"the last closed box", "5", "\\boxed{5} is \\boxed{\\frac{"},
      {"a box before a statement", "14", "The answer is $\\boxed{14}$. The answer is 13."},
      {"several boxes side by side", "2,3", "so $\\boxed{2}$ and $\\boxed{3}$."},
      {"a formula and its box", "14", "$x = 13$, so \\[x + 1 = \\boxed{14}\\]"},
      {"a statement", "\\frac{1}{2}", "The answer is $\\frac{1}{2}$."},
      {"a statement and its reason", "2", "The answer is 2 because $1 + 1 = 2$."},
      {"a sentence with a formula", "4", "The answer is the smallest one, which is $4$."},
      {"Minerva's sentence", "5", "Final Answer: The final answer is $5$. I hope it is correct."},
      {"a label", "x+1", "**Answer:** $x+1$"},
      {"a displayed statement", "5", "The answer is:\n\n$$5$$"},
      {"GSM8K's mark", "18", "9 * 2 = 18\n#### 18"},
      {"a heading is no mark", "18", "#### Step 2: add\n$9 + 9 = 18$"},
      {"the last formula", "(3,-2)", "The point is $(3, -2)$."},
      {"a displayed formula", "5", "Hence\n\\[\n  x = 5\n\\]"},
      {"parentheses of LaTeX", "7", "\\(7\\)"},
      {"the end of a chain", "8", "Adding up, 3 + 5 = 8."},
      {"a line of its own", "x^2-1", "So we get\n\nx^2 - 1"},
      {"the end of a sentence", "11\\sqrt2", "So the length is 11√2."},
      {"bold", "7", "**7**"},
      {"an angle", "60", "so $\\boxed{\\angle ABC = 60^\\circ}$"},
      {"several equations", "1,2", "so\nx = 1 or x = 2"},
      {"behind reasoning", "5", "<think>\\boxed{4}</think>\\boxed{5}"},
  };
  for (const auto& c : cases) {
    const auto verdict = judged(c.expected, c.text);
    EXPECT_EQ(verdict.kind, VerdictKind::correct) << c.name << ": " << verdict.reason;
  }
}

TEST(Math, WhatIsStatedElsewhereDoesNotCount) {
  const Case cases[] = {
      {"before the box", "4", "$4$ \\boxed{5}"},
      {"an earlier box", "4", "\\boxed{4}, or better, so that all is well, \\boxed{5}"},
      {"after the statement", "4", "The answer is 5.\n4"},
      {"an earlier statement", "4", "The answer is 4. No: the answer is 5."},
      {"what is denied", "5", "The answer is not 5.\n$6$"},
      {"an early side of a chain", "3", "3 + 5 = 8"},
  };
  for (const auto& c : cases) {
    const auto verdict = judged(c.expected, c.text);
    EXPECT_EQ(verdict.kind, VerdictKind::wrong) << c.name << ": " << verdict.reason;
  }
}

TEST(Math, DecimalsAreWrittenAsTheLanguageDoes) {
  const auto bench = Bench::open(Options::none());
  const struct {
    const char* name;
    const char* expected;
    const char* language;
    const char* text;
    VerdictKind kind;
  } cases[] = {
      {"German decimals", "0.5", "de", "\\boxed{0,5}", VerdictKind::correct},
      {"German decimals in LaTeX", "\\frac{1}{2}", "de", "\\boxed{0{,}5}", VerdictKind::correct},
      {"German thousandths", "2.125x", "de", "\\boxed{2,125x}", VerdictKind::correct},
      {"the English way", "2125", "de", "\\boxed{2,125}", VerdictKind::correct},
      {"a German list", "1, 2", "de", "\\boxed{1,2}", VerdictKind::correct},
      {"no English decimals", "0.5", "en", "\\boxed{0,5}", VerdictKind::wrong},
  };
  for (const auto& c : cases) {
    auto item = item_with(c.expected);
    item.language = c.language;
    const auto verdict = (*bench)->judge(item, c.text);
    EXPECT_EQ(verdict.kind, c.kind) << c.name << ": " << verdict.reason;
  }
}

TEST(Math, WordsAreComparedAsWords) {
  const struct {
    const char* name;
    const char* expected;
    const char* text;
    VerdictKind kind;
  } cases[] = {
      {"with and without LaTeX", "\\text{Evelyn}", "\\boxed{Evelyn}", VerdictKind::correct},
      {"in a sentence", "\\text{Evelyn}", "The answer is Evelyn.", VerdictKind::correct},
      {"case", "\\text{even}", "\\boxed{\\text{Even}}", VerdictKind::correct},
      {"a letter in brackets", "\\text{(B)}", "\\boxed{B}", VerdictKind::correct},
      {"a letter in bold brackets", "\\text{(B)}", "\\boxed{\\textbf{(B)}}", VerdictKind::correct},
      {"a letter of the corpus", "B", "\\boxed{\\text{(B)}}", VerdictKind::correct},
      {"several words", "\\text{no solution}", "\\boxed{\\text{No solution}}", VerdictKind::correct},
      {"a letter and its value", "\\text{(B)}", "\\boxed{\\textbf{(B)}\\ 12}", VerdictKind::correct},
      {"another letter and its value", "\\text{(B)}", "\\boxed{\\textbf{(C)}\\ 12}", VerdictKind::wrong},
      {"a word that begins with the letter", "\\text{(B)}", "\\boxed{Bob}", VerdictKind::wrong},
      {"names in any order", "\\text{Amy}, \\text{Bob}", "\\boxed{\\text{Bob, Amy}}", VerdictKind::correct},
      {"a short word", "yes", "Answer: Yes.", VerdictKind::correct},
      {"a word with a hyphen", "\\text{right-angled}", "\\boxed{\\text{right-angled}}", VerdictKind::correct},
      {"a date", "\\text{June 20}", "\\boxed{\\text{June 20}}", VerdictKind::correct},
      {"another name", "\\text{Evelyn}", "\\boxed{\\text{Briana}}", VerdictKind::wrong},
      {"another word", "\\text{even}", "\\boxed{\\text{odd}}", VerdictKind::wrong},
      {"another letter", "\\text{(B)}", "\\boxed{C}", VerdictKind::wrong},
      {"another letter of the corpus", "B", "\\boxed{\\text{(C)}}", VerdictKind::wrong},
      {"another short word", "yes", "Answer: No", VerdictKind::wrong},
      {"a letter too many", "no", "Answer: on", VerdictKind::wrong},
      {"a number for a word", "\\text{Navin}", "\\boxed{5}", VerdictKind::wrong},
      {"mentioned after the statement", "\\text{even}", "The answer is odd.\neven", VerdictKind::wrong},
  };
  for (const auto& c : cases) {
    const auto verdict = judged(c.expected, c.text);
    EXPECT_EQ(verdict.kind, c.kind) << c.name << ": " << verdict.reason;
  }
}

TEST(Math, WhatCannotBeDecidedIsUnparsedAndSaysWhy) {
  const struct {
    const char* name;
    const char* expected;
    const char* text;
    const char* reason;
  } cases[] = {
      {"an empty box", "5", "\\boxed{}", "an empty box"},
      {"a word for a number", "5", "\\boxed{\\text{none}}", "`\\text{none}` is no formula"},
      {"no statement", "5", "I do not know.", "`I do not know` has an unexpected `not`"},
      {"prose of short words", "5", "We get it", "`We get it` has an unexpected `get`"},
      {"a denial alone", "5", "The answer is not 5.", "`The answer is not 5` has an unexpected `5`"},
      {"a number that something is said of", "5", "\\boxed{5 or more}", "`5 or more` mixes words and formulas"},
      {"a bracket left open", "5", "\\boxed{(3}", "`(3` ends too early"},
      {"a command that is unknown", "5", "\\boxed{\\int_0^1 x dx}", "`\\int_0^1 x dx` `\\int` is not understood"},
      {"an expected command that is unknown", "\\int_0^1 x dx", "\\boxed{\\frac12}",
       "expected `\\int_0^1 x dx` `\\int` is not understood"},
      {"a logarithm of any base", "\\log x", "\\boxed{\\ln x}", "`\\ln x` cannot be compared with `\\log x`"},
      {"an inequality that is not solved", "x > 3", "\\boxed{2x > 6}", "`2x > 6` cannot be compared with `x > 3`"},
      {"an interval as an absolute value", "(-2,2)", "\\boxed{|x| < 2}", "`|x| < 2` cannot be compared with `(-2,2)`"},
      {"a length in two units", "5.25", "\\boxed{5 \\text{ feet and } 3 \\text{ inches}}",
       "`5 \\text{ feet and } 3 \\text{ inches}` cannot be compared with `5.25`"},
      {"outside every domain", "\\ln(-x^2)", "\\boxed{\\ln(-x^4)}",
       "`\\ln(-x^4)` cannot be compared with `\\ln(-x^2)`"},
      {"too large for a double", "2^{10^{9}} + \\sqrt2", "\\boxed{2^{10^{9}} + \\sqrt3}",
       "`2^{10^{9}} + \\sqrt3` cannot be compared with `2^{10^{9}} + \\sqrt2`"},
      {"only reasoning", "5", "<think>\\boxed{5}", "only reasoning"},
  };
  for (const auto& c : cases) {
    const auto verdict = judged(c.expected, c.text);
    EXPECT_EQ(verdict.kind, VerdictKind::unparsed) << c.name;
    EXPECT_EQ(verdict.reason, c.reason) << c.name;
  }
}

TEST(Math, WhatIsNotUnderstoodMayStillBeTheSameText) {
  EXPECT_EQ(judged("\\int_0^1 x dx", "\\boxed{\\int_0^1 x\\,dx}").kind, VerdictKind::correct);
  EXPECT_EQ(judged("\\sum_{k=1}^{12} k", "\\boxed{\\sum_{k=1}^{1} 2k}").kind, VerdictKind::unparsed);
}

TEST(Math, TheReasonQuotesAndSaysWhatWasExpected) {
  EXPECT_EQ(judged("\\frac{1}{2}", "so $\\boxed{0.5}$").reason, "`0.5`");
  EXPECT_EQ(judged("\\frac{1}{2}", "so $\\boxed{\\frac13}$").reason, "`\\frac13`, expected \\frac{1}{2}");
}

TEST(Math, ToleranceIsRelative) {
  EXPECT_EQ(judged("\\frac{1}{3}", "\\boxed{0.333}", with_tolerance("0.0001")).kind, VerdictKind::wrong);
  EXPECT_EQ(judged("\\frac{1}{3}", "\\boxed{0.333}", with_tolerance("0.01")).kind, VerdictKind::correct);
  EXPECT_EQ(judged("(\\pi, 1)", "\\boxed{(3.14, 1)}", with_tolerance("0.01")).kind, VerdictKind::correct);
  const auto beyond = Bench::open(with_tolerance("2"));
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().message.find("`2` is out of range: 0 to 1"), std::string::npos) << beyond.error().message;
}

TEST(Math, AcceptsWhatCanBeCompared) {
  const auto bench = Bench::open(Options::none());
  for (const char* answer : {"5", "\\frac{1}{2}", "\\text{Evelyn}", "(B)", "x = \\text{even}", "\\int_0^1 x dx"})
    EXPECT_TRUE((*bench)->accepts(item_with(answer))) << answer;
  const struct {
    const char* answer;
    const char* message;
  } cases[] = {
      {"\\frac{1}{2", "corpus.jsonl:7: `answer` for math cannot be read: `\\frac{1}{2` ends too early"},
      {"{even", "corpus.jsonl:7: `answer` for math cannot be read: `{even` ends too early"},
      {"$$", "corpus.jsonl:7: `answer` for math cannot be read: `$$` is empty"},
  };
  for (const auto& c : cases) {
    const auto refused = (*bench)->accepts(item_with(c.answer));
    ASSERT_FALSE(refused) << c.answer;
    EXPECT_EQ(refused.error().message, c.message);
  }
  EXPECT_FALSE((*bench)->accepts(item_with(std::string(kLongestFormula + 1, '1'))));
}

TEST(MathExpression, LimitsAreErrors) {
  const auto repeated = [](std::string_view part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } cases[] = {
      {"brackets", repeated("(", 100), "is nested too deeply"},
      {"groups", repeated("{", 100), "is nested too deeply"},
      {"powers", repeated("x^", 100) + "2", "is nested too deeply"},
      {"roots", repeated("\\sqrt", 100) + "2", "is nested too deeply"},
      {"functions", repeated("\\sin ", 100) + "x", "is nested too deeply"},
      {"text in text", repeated("\\text{", 100) + repeated("}", 100), "is nested too deeply"},
      {"terms", repeated("1+", 300) + "1", "is too long to be read"},
      {"bytes", repeated("1", 1501), "is too long to be read"},
      {"nothing", " ", "is empty"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_math(c.text);
    ASSERT_FALSE(parsed) << c.name;
    EXPECT_EQ(parsed.error().message, c.message) << c.name;
  }
}

}  // namespace
}  // namespace ipw::replay
