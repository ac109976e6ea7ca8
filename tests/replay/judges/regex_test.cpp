#include <gtest/gtest.h>

#include <thread>

#include "replay/judge.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

CorpusItem item_with(std::string answer) {
  CorpusItem item;
  item.problem = "What?";
  item.answer = std::move(answer);
  item.judge = "regex";
  item.place = "corpus.jsonl:7";
  return item;
}

VerdictKind judged(const std::string& options, const char* expression, std::string_view text) {
  const auto bench = Bench::open(options.empty() ? Options::none() : ipw::testing::options_from(options));
  EXPECT_TRUE((*bench)->accepts(item_with(expression))) << expression;
  return (*bench)->judge(item_with(expression), text).kind;
}

TEST(Regex, SearchesTheWholeAnswer) {
  const struct {
    const char* name;
    const char* options;
    const char* expression;
    const char* text;
    VerdictKind verdict;
  } cases[] = {
      {"part", "", "Par(is|ma)", "It is Parma.", VerdictKind::correct},
      {"no part", "", "Par(is|ma)", "It is Rome.", VerdictKind::wrong},
      {"case counts", "", "paris", "Paris", VerdictKind::wrong},
      {"case in the expression", "", "(?i)paris", "Paris", VerdictKind::correct},
      {"case by option", "regex: {case_sensitive: false}", "paris", "Paris", VerdictKind::correct},
      {"anchors are the text's", "", "^b$", "a\nb\nc", VerdictKind::wrong},
      {"anchors of lines", "", "(?m)^b$", "a\nb\nc", VerdictKind::correct},
      {"dot and lines", "", "a.*c", "a\nc", VerdictKind::wrong},
      {"dot over lines", "", "(?s)a.*c", "a\nc", VerdictKind::correct},
      {"full", "regex: {full: true}", "[0-9]+", " 42\n", VerdictKind::correct},
      {"full, and more", "regex: {full: true}", "[0-9]+", "42 apples", VerdictKind::wrong},
      {"characters, not bytes", "regex: {full: true}", "..", "é答", VerdictKind::correct},
      {"letters of any script", "regex: {full: true}", "\\p{L}+", "Łódź", VerdictKind::correct},
      {"reasoning does not count", "", "Paris", "<think>Paris</think>Rome", VerdictKind::wrong},
      {"only reasoning", "", "Paris", "<think>Paris", VerdictKind::unparsed},
      {"empty match", "", "x*", "abc", VerdictKind::correct},
      {"invalid UTF-8", "", "b", "\xff\xfe b", VerdictKind::correct},
  };
  for (const auto& c : cases) EXPECT_EQ(judged(c.options, c.expression, c.text), c.verdict) << c.name;
}

TEST(Regex, ABadExpressionIsRefusedAtItsLine) {
  const struct {
    const char* name;
    std::string expression;
    const char* error;
  } cases[] = {
      {"bracket", "a(b", "missing ): a(b"},
      {"class", "[a-", "missing ]: [a-"},
      {"nothing to repeat", "*a", "no argument for repetition operator: *"},
      {"look-ahead", "(?=a)", "invalid perl operator: (?="},
      {"back-reference", "(a)\\1", "invalid escape sequence: \\1"},
      {"too many repetitions", "a{1001}", "invalid repetition size: {1001}"},
      {"too large", "((a{100}){100}){100}", "invalid repetition size: {100}"},
      {"too large for its memory", "(\\pL{200}){4}", "pattern too large - compile failed"},
      {"missing", "", nullptr},
  };
  const auto bench = Bench::open(Options::none());
  for (const auto& c : cases) {
    const auto refused = (*bench)->accepts(item_with(c.expression));
    ASSERT_FALSE(refused) << c.name;
    EXPECT_EQ(refused.error().message,
              c.error ? "corpus.jsonl:7: `answer` is no regular expression: " + std::string(c.error)
                      : "corpus.jsonl:7: `answer` is missing: the judge `regex` needs it")
        << c.name;
  }
  EXPECT_EQ((*bench)->judge(item_with("a("), "a").kind, VerdictKind::judge_error) << "accepted by nobody";
}

// Back-tracking engines take years for each of these.
TEST(Regex, NoTextAndNoExpressionTakesForever) {
  const std::string text(100'000, 'a');
  for (const char* expression : {"(a*)*b", "(a|aa)+$b", "(a+)+c", "^(([a-z])+.)+[A-Z]([a-z])+$"})
    EXPECT_EQ(judged("", expression, text), VerdictKind::wrong) << expression;
}

TEST(Regex, TheReasonQuotesTheMatch) {
  const auto bench = Bench::open(Options::none());
  EXPECT_EQ((*bench)->judge(item_with("Par[a-z]+"), "It is Paris.").reason, "matches `Paris`");
  EXPECT_EQ((*bench)->judge(item_with("Par[a-z]+"), "It is Rome.").reason,
            "no match in `It is Rome.`, expected Par[a-z]+");
}

TEST(Regex, MoreExpressionsThanAreKept) {
  const auto bench = Bench::open(Options::none());
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (auto& count : right)
      threads.emplace_back([&] {
        for (int i = 0; i < 600; ++i) {
          const auto word = "w" + std::to_string(i);
          count += (*bench)->judge(item_with(word + "\\b"), "the " + word + "!").kind == VerdictKind::correct ? 1 : 0;
        }
      });
  }
  EXPECT_EQ(right, std::vector<int>(4, 600));
}

}  // namespace
}  // namespace ipw::replay
