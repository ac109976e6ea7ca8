#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "replay/judges/number_text.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer, std::string language = "en") {
  CorpusItem item;
  item.problem = "How many?";
  item.answer = std::move(answer);
  item.language = std::move(language);
  item.judge = "numeric";
  item.place = "corpus.jsonl:7";
  return item;
}

Options with_tolerance(const std::string& tolerance) {
  return ipw::testing::options_from("numeric: {tolerance: " + tolerance + "}");
}

VerdictKind verdict(const CorpusItem& item, std::string_view text, Options options = Options::none()) {
  const auto bench = Bench::open(std::move(options));
  return (*bench)->judge(item, text).kind;
}

struct Case {
  const char* name;
  const char* expected;
  const char* text;
  const char* language = "en";
};

TEST(Numeric, FindsTheNumberThatIsStated) {
  const Case cases[] = {
      {"GSM8K's mark", "18", "9 * 2 = <<9*2=18>>18\n#### 18"},
      {"a label", "18", "She sells 9 eggs for $2.\nA: 18"},
      {"the line asked for", "18", "16 - 3 - 4 = 9, 9 * 2 = 18.\nAnswer: 18"},
      {"the last statement", "18", "The answer is 20. No: the answer is 18."},
      {"boxed first", "18", "\\boxed{18}\n\nThe answer is 9 eggs."},
      {"boxed with dollar", "18", "\\boxed{\\$18}"},
      {"final answer first", "18", "**Final answer:** 18 dollars (the answer is not 9)"},
      {"bold", "18", "Answer: **$18.00**"},
      {"sentence", "18", "The answer is that she makes 18 dollars a day."},
      {"explained", "18", "Answer: 18 (16 - 3 - 4 = 9 eggs)"},
      {"a sum", "18", "Answer: 9 * $2 = $18"},
      {"a chain of sums", "18", "The answer is 3 + 6 * 1 = 3 + 6 = 18"},
      {"only a number", "18", "18"},
      {"the last number of the text", "18", "She keeps 7 and earns 9 * 2 = 18 dollars."},
      {"no exponent of a unit", "50", "The area is 50 cm^2."},
      {"no part of a name", "7", "7 of the B12 and CO2"},
      {"a heading is no mark", "18", "#### 2. Multiply\n9 * 2\n\nThe answer is 18"},
      {"behind reasoning", "18", "<think>The answer is 20.</think>\n18"},
  };
  for (const auto& c : cases) EXPECT_EQ(verdict(item_with(c.expected), c.text), VerdictKind::correct) << c.name;
}

TEST(Numeric, ReadsTheSameNumberHoweverItIsWritten) {
  const Case cases[] = {
      {"decimals", "18", "Answer: 18.00"},
      {"thousands", "1234567", "Answer: 1,234,567"},
      {"thousands in the corpus", "65,960", "A: 65960"},
      {"lakh", "1234567", "Answer: 12,34,567"},
      {"currency", "70000", "Answer: $70,000."},
      {"trailing currency", "5", "Answer: 5€"},
      {"negative", "-5", "Answer: -5"},
      {"negative with currency", "-5", "Answer: -$5"},
      {"minus sign", "-5", "Answer: \u22125"},
      {"leading point", "0.5", "Answer: .5"},
      {"fraction", "0.75", "Answer: 3/4"},
      {"mixed fraction", "1.75", "Answer: 1 3/4"},
      {"TeX fraction", "0.75", "\\boxed{\\frac{3}{4}}"},
      {"a third", "1/3", "Answer: 0.3333333333333"},
      {"scientific", "1500", "Answer: 1.5e3"},
      {"times ten to", "1500", "Answer: 1.5 × 10^3"},
      {"TeX times ten to", "0.0015", "Answer: $1.5 \\times 10^{-3}$"},
      {"per cent as a unit", "25", "Answer: 25%"},
      {"per cent as a value", "0.25", "Answer: 25 percent"},
      {"million", "2000000", "Answer: 2 million"},
      {"rounding of doubles", "119.7", "A: 119.69999999999999"},
      {"larger than any integer", "123456789012345678901234567890", "Answer: 123,456,789,012,345,678,901,234,567,890"},
      {"Arabic-Indic digits", "1234.5", "Answer: ١٬٢٣٤٫٥", "ar"},
      {"Bengali", "18", "উত্তর: ১৮", "bn"},
      {"Telugu", "18", "సమాధానం: ౧౮", "te"},
      {"Thai", "18", "คำตอบ: ๑๘ ดอลลาร์", "th"},
      {"full width", "18", "答え：１８", "ja"},
      {"Chinese", "18", "所以答案是18美元。", "zh"},
      {"Swahili", "18", "Jibu ni 18", "sw"},
      {"German decimals", "12.5", "Antwort: 12,5", "de"},
      {"German thousands", "2125", "Antwort: 2.125", "de"},
      {"German both", "1234.5", "Antwort: 1.234,50 Euro", "de"},
      {"German in the English way", "2125", "10.50 und 3.25 ergeben zusammen\nAntwort: 2,125", "de"},
      {"German zeros", "80000", "Antwort: 80,000", "de"},
      {"French spaces", "80000", "La réponse est 80 000 $", "fr"},
      {"French narrow spaces", "80000", "Réponse : 80\u202f000", "fr"},
      {"Spanish", "1.5", "La respuesta es 1,5", "es"},
      {"Russian", "50000", "Ответ: 50 000", "ru"},
      {"a leading zero is no thousand", "0.125", "Antwort: 0.125", "de"},
      {"English list", "12", "Answer: 12,5 and 3"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(verdict(item_with(c.expected, c.language), c.text), VerdictKind::correct) << c.name << ": " << c.text;
}

TEST(Numeric, AnotherNumberIsWrong) {
  const Case cases[] = {
      {"near", "18", "Answer: 18.001"},
      {"sign", "5", "Answer: -5"},
      {"neighbour of a large integer", "12345678901234567890", "Answer: 12345678901234567891"},
      {"fraction of a date", "2", "Answer: 1/5"},
      {"billions", "2", "A: -1.8 billion"},
      {"thousands are not decimals", "2.125", "Answer: 2,125"},
      {"an early number", "3", "It takes 3 eggs of 16.\nAnswer: 13"},
  };
  for (const auto& c : cases) EXPECT_EQ(verdict(item_with(c.expected), c.text), VerdictKind::wrong) << c.name;
}

TEST(Numeric, NoNumberIsUnparsed) {
  for (const char* text : {"I do not know.", "Vitamin B12", "<think>18", "x^2 + y_1"})
    EXPECT_EQ(verdict(item_with("18"), text), VerdictKind::unparsed) << text;
}

TEST(Numeric, TheReasonQuotesAndSaysWhatWasExpected) {
  const auto bench = Bench::open(Options::none());
  EXPECT_EQ((*bench)->judge(item_with("18"), "So.\nAnswer: 20 dollars").reason, "`Answer: 20 dollars`, expected 18");
  EXPECT_EQ((*bench)->judge(item_with("18"), "It is 20 dollars").reason, "`20`, expected 18");
}

TEST(Numeric, ToleranceIsRelative) {
  EXPECT_EQ(verdict(item_with("100"), "Answer: 101", with_tolerance("0.01")), VerdictKind::correct);
  EXPECT_EQ(verdict(item_with("100"), "Answer: 102", with_tolerance("0.01")), VerdictKind::wrong);
  const auto beyond = Bench::open(with_tolerance("2"));
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().message.find("`2` is out of range: 0 to 1"), std::string::npos) << beyond.error().message;
}

TEST(Numeric, AcceptsNumbersOnly) {
  const auto bench = Bench::open(Options::none());
  for (const char* answer : {"18", "-3.5", "65,960", "1/3", "$5", "25%", "1e-3", "১৮"})
    EXPECT_TRUE((*bench)->accepts(item_with(answer))) << answer;
  const auto words = (*bench)->accepts(item_with("about 18"));
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().message, "corpus.jsonl:7: `answer` for numeric must be a number, got `about 18`");
}

TEST(NumberText, ShapesThatAreNoWholeNumber) {
  for (const char* text : {"", "abc", "1.2.3.4", "12 apples", "3-4", "2^10", "1/2/2020"})
    EXPECT_FALSE(is_number(text)) << text;
}

}  // namespace
}  // namespace ipw::replay
