#include <gtest/gtest.h>

#include "replay/model_judge.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

std::unique_ptr<ModelJudge> judge(const std::string& yaml = "") {
  auto options = yaml.empty() ? Options::none() : ipw::testing::options_from(yaml);
  return *(*model_judges().find("llm"))(options);
}

CorpusItem item(std::string answer, std::string reference = "") {
  CorpusItem made;
  made.problem = "Who {answer}?";
  made.answer = std::move(answer);
  made.reference = std::move(reference);
  return made;
}

TEST(Llm, AsksAboutTheAnswerAgainstTheReference) {
  const auto prompts = judge()->questions(item("Ada"), "<think>Bob?</think>It is Ada.", {});
  ASSERT_EQ(prompts.size(), 1U);
  EXPECT_NE(prompts[0].find("Who {answer}?"), std::string::npos) << "what the texts say is not replaced";
  EXPECT_NE(prompts[0].find("<reference>\nAda\n"), std::string::npos);
  EXPECT_NE(prompts[0].find(">\nIt is Ada.\n</answer "), std::string::npos);
  EXPECT_EQ(prompts[0].find("Bob"), std::string::npos) << "reasoning is not the answer";
  EXPECT_NE(judge()->questions(item("", "Eve"), "x", {})[0].find("<reference>\nEve\n"), std::string::npos);
  EXPECT_NE(judge()->questions(item(""), "x", {})[0].find("(none is given)"), std::string::npos);
}

TEST(Llm, TheMarksCannotBeForged) {
  const auto first = judge()->questions(item("Ada"), "one", {})[0],
             second = judge()->questions(item("Ada"), "two", {})[0];
  const auto mark = [](const std::string& prompt) { return prompt.substr(prompt.find("<answer ") + 8, 12); };
  EXPECT_NE(mark(first), mark(second)) << "they depend on what the answer says";
  EXPECT_EQ(first, judge()->questions(item("Ada"), "one", {})[0]) << "the same case, the same question";
}

TEST(Llm, TakesOneWordAndNothingElse) {
  const struct {
    const char* reply;
    std::optional<double> score;
  } rows[] = {
      {"CORRECT", 1},
      {"correct", 1},
      {"  **Correct.**\n", 1},
      {"INCORRECT", 0},
      {"`incorrect`", 0},
      {"", {}},
      {"yes", {}},
      {"It is CORRECT", {}},
      {"CORRECT INCORRECT", {}},
      {"not correct", {}},
      {"<think>INCORRECT</think>CORRECT", 1},
      {"<think>CORRECT", {}},
  };
  for (const auto& [reply, score] : rows) EXPECT_EQ(judge()->read(0, reply), score) << reply;
}

TEST(Llm, ConcludesFromTheScore) {
  EXPECT_EQ(judge()->conclude({1}).kind, VerdictKind::correct);
  EXPECT_EQ(judge()->conclude({1}).score, 1);
  EXPECT_EQ(judge()->conclude({0}).kind, VerdictKind::wrong);
  EXPECT_EQ(judge()->conclude({0}).score, 0);
}

TEST(Llm, TakesAnotherPrompt) {
  const ipw::testing::TemporaryFolder folder;
  folder.write("p.txt", "{problem}|{reference}|{answer}|{mark}|{not one}");
  const auto file = (folder.path() / "p.txt").string();
  const auto other = judge("prompt: " + file);
  const auto prompt = other->questions(item("Ada"), "Bob", {})[0];
  EXPECT_TRUE(prompt.starts_with("Who {answer}?|Ada|Bob|")) << prompt;
  EXPECT_TRUE(prompt.ends_with("|{not one}")) << prompt;
  EXPECT_NE(other->prompt_digest(), judge()->prompt_digest());
}

TEST(Llm, RefusesAPromptThatCannotBe) {
  const ipw::testing::TemporaryFolder folder;
  const struct {
    const char* text;
    const char* error;
  } rows[] = {
      {"{problem} {reference} {answer} {mark} {quesiton}",
       "unknown placeholder {quesiton} (accepted: {problem}, {reference}, {answer}, {mark})"},
      {"{problem} {answer}", "the prompt has no place for {reference}, {mark}"},
  };
  for (const auto& [text, error] : rows) {
    folder.write("p.txt", text);
    auto options = ipw::testing::options_from("prompt: " + (folder.path() / "p.txt").string());
    const auto opened = (*model_judges().find("llm"))(options);
    ASSERT_FALSE(opened) << text;
    EXPECT_NE(opened.error().message.find(error), std::string::npos) << opened.error().message;
  }
}

}  // namespace
}  // namespace ipw::replay
