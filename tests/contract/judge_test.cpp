// What every judge of the catalogue keeps to, whatever it judges.

#include "replay/judge.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <thread>

#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

// An item that the judge accepts, and answers to it. A judge without a row here fails CatalogueIsCovered.
struct Sample {
  std::string answer;
  std::vector<std::string> options;
  std::string right, wrong;
  std::string expected{};  // in the reason of a wrong answer; empty: the answer
};
const std::map<std::string_view, Sample>& samples() {
  static const std::map<std::string_view, Sample> all{
      {"contains", {"Paris", {}, "It is Paris.", "It is Rome."}},
      {"exact", {"Paris", {}, "Answer: Paris", "Answer: Rome"}},
      {"math", {"\\frac{1}{2}", {}, "\\boxed{0.5}", "\\boxed{0.25}"}},
      {"json", {R"({"city": "Paris"})", {}, R"({"city": "Paris", "n": 1})", R"({"city": "Rome"})", R"("Paris")"}},
      {"multiple_choice", {"C", {"one", "two", "three", "four"}, "The answer is (C).", "The answer is (B)."}},
      {"numeric", {"1234.5", {}, "Answer: 1,234.50", "Answer: 7"}},
      {"regex", {"Par[a-z]+", {}, "It is Paris.", "It is Rome."}},
  };
  return all;
}

CorpusItem item_of(const Sample& sample) {
  CorpusItem item;
  item.id = "q";
  item.problem = "What?";
  item.answer = sample.answer;
  item.options = sample.options;
  item.place = "corpus.jsonl:7";
  return item;
}

std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

// A megabyte takes less than 50 ms where the code is optimised and the machine is free. Quadratic time would take
// minutes.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::size_t kHostileBytes = 1u << 20;
constexpr double kLimit = 0.2;
#else
constexpr std::size_t kHostileBytes = 1u << 17;
constexpr double kLimit = 1;
#endif

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Texts made to hurt: each drives some rule to look far ahead or back.
std::vector<std::string> hostile_texts() {
  std::vector<std::string> texts;
  for (const std::string_view part : {"answer is ",
                                      "answer ",
                                      "Answer:\n",
                                      "the answer to the question of the answer to ",
                                      "\\boxed{",
                                      "\\boxed{}",
                                      "\\fbox ",
                                      "{",
                                      "}",
                                      "\\{",
                                      "\\",
                                      "\\left(",
                                      "\\frac{",
                                      "\\sqrt[",
                                      "\\text{",
                                      "\\begin{pmatrix}",
                                      "x^",
                                      "1+",
                                      "$",
                                      "$x",
                                      "$$ = ",
                                      "\\[",
                                      "\\]",
                                      "|",
                                      "the answer is $(",
                                      "²",
                                      "√",
                                      "#### ",
                                      "(",
                                      "(A",
                                      "*",
                                      "**A",
                                      "_*",
                                      "option ",
                                      "option (",
                                      "choose ",
                                      "A:\n",
                                      "A\n",
                                      "A. ",
                                      "<think>",
                                      "</think>",
                                      "<",
                                      "<|channel|>final",
                                      "1",
                                      "1,",
                                      "1.",
                                      "1 ",
                                      "1/",
                                      "\\frac{1",
                                      "-",
                                      "= ",
                                      "9 = 9 = ",
                                      "10^",
                                      "frac{",
                                      "B12 ",
                                      ".",
                                      "\n",
                                      " ",
                                      "\xE0",
                                      "\xE2",
                                      "answer is (A) and (B) or ",
                                      "so therefore ",
                                      "答",
                                      "\xD9\xA1\xD9\xAB",
                                      "[",
                                      "{",
                                      "{}",
                                      "[]",
                                      "{\"a\":",
                                      "[1] \"",
                                      "[[1],",
                                      "}",
                                      "\"",
                                      "```\n",
                                      "```json\n{}\n```\n",
                                      "Paris1",
                                      "final answer "})
    texts.push_back(repeated(part, kHostileBytes));
  texts.push_back("[" + repeated("1,", kHostileBytes) + "1]");
  texts.push_back("[" + repeated("[],", kHostileBytes) + "1]");
  texts.push_back("{" + repeated(R"("a":{},)", kHostileBytes) + R"("a":1})");
  texts.push_back(std::string(kHostileBytes, '\0'));
  std::string noise(kHostileBytes, ' ');
  std::uint32_t state = 1;
  for (auto& c : noise) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  texts.push_back(noise);
  return texts;
}

class EveryJudge : public ::testing::TestWithParam<std::string> {
 protected:
  EveryJudge() {
    auto options = Options::none();
    judge_ = *(*judges().find(GetParam()))(options);
  }
  const Sample& sample() const { return samples().at(GetParam()); }

  std::unique_ptr<Judge> judge_;
};

TEST(JudgeCatalogue, IsCovered) {
  for (const auto& entry : judges().entries()) {
    EXPECT_TRUE(samples().contains(entry.name)) << entry.name << " needs a row in samples()";
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
  }
}

TEST_P(EveryJudge, TellsRightFromWrong) {
  const auto item = item_of(sample());
  ASSERT_TRUE(judge_->accepts(item));
  const auto right = judge_->judge(item, sample().right), wrong = judge_->judge(item, sample().wrong);
  EXPECT_EQ(right.kind, VerdictKind::correct);
  EXPECT_EQ(right.score, 1);
  EXPECT_EQ(wrong.kind, VerdictKind::wrong);
  EXPECT_EQ(wrong.score, 0);
  EXPECT_FALSE(right.reason.empty());
  const auto& expected = sample().expected.empty() ? sample().answer : sample().expected;
  EXPECT_NE(wrong.reason.find("expected " + expected), std::string::npos) << wrong.reason;
}

TEST_P(EveryJudge, GivesTheSameVerdictAgainAndFromAnyThread) {
  const auto item = item_of(sample());
  const auto first = judge_->judge(item, sample().wrong);
  std::vector<Verdict> verdicts(8);
  {
    std::vector<std::jthread> threads;
    for (auto& verdict : verdicts)
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) verdict = judge_->judge(item, sample().wrong);
      });
  }
  for (const auto& verdict : verdicts) {
    EXPECT_EQ(verdict.kind, first.kind);
    EXPECT_EQ(verdict.reason, first.reason);
  }
}

TEST_P(EveryJudge, DoesNotCountReasoning) {
  const auto item = item_of(sample());
  EXPECT_EQ(judge_->judge(item, "<think>" + sample().right + "</think>" + sample().wrong).kind, VerdictKind::wrong);
  EXPECT_EQ(judge_->judge(item, "<think>" + sample().right).kind, VerdictKind::unparsed);
}

TEST_P(EveryJudge, TakesLinearTimeOnHostileText) {
  const auto item = item_of(sample());
  for (const auto& text : hostile_texts()) {
    const double begin = cpu_seconds();
    const auto verdict = judge_->judge(item, text);
    EXPECT_LT(cpu_seconds() - begin, kLimit) << text.substr(0, 32);
    EXPECT_GE(verdict.score, 0) << text.substr(0, 32);
    EXPECT_LE(verdict.score, 1) << text.substr(0, 32);
    EXPECT_LE(verdict.reason.size(), 400u) << text.substr(0, 32);
  }
}

TEST_P(EveryJudge, RefusesAnItemWithoutAnAnswer) {
  auto item = item_of(sample());
  item.answer.clear();
  const auto refused = judge_->accepts(item);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("corpus.jsonl:7: `answer` ")) << refused.error().message;
}

TEST_P(EveryJudge, RefusesAKeyItDoesNotKnow) {
  auto options = ipw::testing::options_from("nonsense: 1");
  const auto opened = (*judges().find(GetParam()))(options);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().message.starts_with("test.yaml:1:1: unknown key `nonsense`")) << opened.error().message;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : judges().entries()) all.emplace_back(entry.name);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryJudge, ::testing::ValuesIn(names()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace ipw::replay
