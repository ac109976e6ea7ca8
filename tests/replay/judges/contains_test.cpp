#include <gtest/gtest.h>

#include "replay/judge.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer, std::vector<std::string> options = {}) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.options = std::move(options);
  item.judge = "contains";
  item.place = "corpus.jsonl:7";
  return item;
}

struct Case {
  const char* name;
  const char* expected;
  const char* text;
};

TEST(Contains, WholeWordsAnywhereAreRight) {
  const Case cases[] = {
      {"itself", "Paris", "Paris"},
      {"in a sentence", "Paris", "It lies in Paris, on the Seine."},
      {"case and space", "New York", "in  NEW\nyork."},
      {"emphasis", "Paris", "It is **Paris**."},
      {"quotation marks", "Paris", "„Paris“"},
      {"snake case beside it", "Paris", "_Paris_"},
      {"the second occurrence", "art", "a party for art"},
      {"at the end", "42", "It is 42"},
      {"end of a sentence", "42", "It is 42. Done."},
      {"a list", "5", "4,5, 5, 6"},
      {"ends in signs", "C++", "I use C++20"},
      {"accents", "Zürich", "in ZÜRICH liegt"},
      {"Chinese has no spaces", "巴黎", "答案是巴黎。"},
      {"Thai has no spaces", "ปารีส", "คือปารีสครับ"},
      {"Korean particles", "파리", "수도는 파리입니다"},
      {"Hindi danda", "पेरिस", "यह पेरिस।"},
      {"expected in quotation marks", "\"Paris\"", "Paris it is"},
      {"behind reasoning", "Paris", "<think>Rome</think>Paris"},
      {"denial is not looked for", "Paris", "not Paris"},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases)
    EXPECT_EQ((*bench)->judge(item_with(c.expected), c.text).kind, VerdictKind::correct) << c.name;
}

TEST(Contains, PartsOfWordsAndOfNumbersAreWrong) {
  const Case cases[] = {
      {"not there", "Paris", "It is Rome."},
      {"begins a word", "art", "an artist"},
      {"ends a word", "art", "a cart"},
      {"inside an accented word", "caf", "café"},
      {"behind an accented letter", "lan", "élan"},
      {"inside a Cyrillic word", "кот", "который"},
      {"inside a Greek word", "αθη", "αθηνα"},
      {"begins a decimal", "3", "3.14"},
      {"ends a decimal", "14", "3.14"},
      {"begins a grouped number", "1", "1,500"},
      {"longer number", "42", "420"},
      {"accents count", "Zurich", "Zürich"},
      {"other case of a symbol", "C++", "C+"},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases)
    EXPECT_EQ((*bench)->judge(item_with(c.expected), c.text).kind, VerdictKind::wrong) << c.name;
}

TEST(Contains, AnyOfTheOptionsCounts) {
  const auto bench = Bench::open(Options::none());
  const auto item = item_with("USA", {"United States", "America"});
  for (const char* text : {"the USA", "the United States of", "America!"})
    EXPECT_EQ((*bench)->judge(item, text).kind, VerdictKind::correct) << text;
  EXPECT_EQ((*bench)->judge(item, "the United Kingdom").kind, VerdictKind::wrong);
}

TEST(Contains, CaseMayBeMadeToCount) {
  const auto bench = Bench::open(ipw::testing::options_from("contains: {case_sensitive: true}"));
  ASSERT_TRUE(bench) << bench.error().message;
  EXPECT_EQ((*bench)->judge(item_with("pH"), "the PH").kind, VerdictKind::wrong);
  EXPECT_EQ((*bench)->judge(item_with("pH"), "the pH is").kind, VerdictKind::correct);
}

TEST(Contains, TheReasonQuotesThePlace) {
  const auto bench = Bench::open(Options::none());
  const auto reason = [&](const char* text) { return (*bench)->judge(item_with("Paris"), text).reason; };
  EXPECT_EQ(reason("It is Paris."), "`it is paris.`");
  EXPECT_EQ(reason("The capital of that country, as everybody knows, is Paris."), "`…knows, is paris.`");
  EXPECT_EQ(reason("It is Rome."), "not in `It is Rome.`, expected Paris");
}

TEST(Contains, RefusesWhatEveryTextContains) {
  const auto bench = Bench::open(Options::none());
  const struct {
    const char* name;
    CorpusItem item;
    const char* error;
  } cases[] = {
      {"no answer", item_with(" "), "corpus.jsonl:7: `answer` is missing: the judge `contains` needs it"},
      {"only a no-break space", item_with("\u00a0"), "corpus.jsonl:7: `answer` is only space"},
      {"an empty option", item_with("a", {"b", ""}), "corpus.jsonl:7: `options` has an empty text"},
  };
  for (const auto& c : cases) {
    const auto refused = (*bench)->accepts(c.item);
    ASSERT_FALSE(refused) << c.name;
    EXPECT_EQ(refused.error().message, c.error) << c.name;
  }
}

}  // namespace
}  // namespace ipw::replay
