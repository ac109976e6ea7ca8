// Our verdicts on real models' recorded answers, against those that were published with them.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "replay/judge.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

struct Agreement {
  double answers{0}, same{0}, correct{0}, published{0};
  double published_but_unparsed{0};  // right by the publishers' last resort: a last capital letter, or a random one
  double found_beyond{0};            // right here, and not by the publishers' rule
};

const std::unordered_map<std::string, CorpusItem>& corpus(const std::filesystem::path& path) {
  static std::map<std::string, std::unordered_map<std::string, CorpusItem>> all;
  auto& items = all[path.string()];
  if (!items.empty()) return items;
  const auto reader = CorpusReader::open({path.string()});
  while (auto next = (*reader)->next()) {
    if (!*next) break;
    const auto id = (*next)->id;
    items.emplace(id, **std::move(next));
  }
  return items;
}

Agreement compare(const std::string& corpus_name, const std::string& recording) {
  const auto shared = *ipw::testing::shared_data();
  const auto& items = corpus(shared / "corpora" / corpus_name);
  const auto bench = Bench::open(Options::none());
  std::ifstream answers(shared / "recordings" / recording);
  Agreement agreement;
  for (std::string line; std::getline(answers, line);) {
    const auto record = nlohmann::json::parse(line);
    const auto& item = items.at(record.at("id"));
    EXPECT_TRUE((*bench)->accepts(item)) << item.place;
    const auto verdict = (*bench)->judge(item, record.at("text").get<std::string>());
    const bool correct = verdict.kind == VerdictKind::correct, published = record.at("correct");
    agreement.answers += 1;
    agreement.same += correct == published ? 1 : 0;
    agreement.correct += correct ? 1 : 0;
    agreement.published += published ? 1 : 0;
    agreement.published_but_unparsed += published && verdict.kind == VerdictKind::unparsed ? 1 : 0;
    agreement.found_beyond += correct && !published ? 1 : 0;
  }
  return agreement;
}

double percent(double part, double whole) {
  return 100 * part / whole;
}

class RecordedVerdicts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ipw::testing::shared_data()) GTEST_SKIP() << "no recordings beside the project (../shared)";
  }
};

// 100 of the published verdicts are luck: the text states no option, and the publishers took its last capital letter or
// a random one. We call those unparsed, so that our accuracy lies below the published 44.19 % by that much.
TEST_F(RecordedVerdicts, MmluProLlama8b) {
  const auto got = compare("mmlu-pro.jsonl", "mmlu-pro/llama-3.1-8b-instruct.jsonl");
  EXPECT_EQ(got.answers, 12032);
  EXPECT_GE(percent(got.same, got.answers), 99.0);
  EXPECT_NEAR(percent(got.published, got.answers), 44.19, 0.005);
  EXPECT_NEAR(percent(got.correct + got.published_but_unparsed, got.answers), 44.19, 0.1);
}

TEST_F(RecordedVerdicts, MmluProLlama70b) {
  const auto got = compare("mmlu-pro.jsonl", "mmlu-pro/llama-3.1-70b-instruct.jsonl");
  EXPECT_EQ(got.answers, 12032);
  EXPECT_GE(percent(got.same, got.answers), 99.7);
  EXPECT_NEAR(percent(got.correct, got.answers), 62.82, 0.7);
}

// Its publishers counted only the first "answer is (X)": we also find what is said in other words (found_beyond), and
// where the model goes on to answer invented questions, or names several options, we differ the other way.
TEST_F(RecordedVerdicts, MmluProPhi3Mini) {
  const auto got = compare("mmlu-pro.jsonl", "mmlu-pro/phi-3-mini-4k-instruct.jsonl");
  EXPECT_EQ(got.answers, 12032);
  EXPECT_GE(percent(got.same, got.answers), 99.0);
  EXPECT_NEAR(got.found_beyond, 67, 5);
  EXPECT_NEAR(percent(got.correct, got.answers), 41.48, 0.7);
}

TEST_F(RecordedVerdicts, Gsm8k) {
  for (const char* model : {"gpt3-175b-verification", "gpt3-6b-finetuning"}) {
    const auto got = compare("gsm8k-test.jsonl", std::string("gsm8k/") + model + ".jsonl");
    EXPECT_EQ(got.answers, 1319) << model;
    EXPECT_EQ(got.same, got.answers) << model;
  }
}

// The corpus writes 2,125 in every language; a model writes 2125 or the way its language does.
TEST_F(RecordedVerdicts, MgsmIsJudgedInEveryLanguage) {
  const auto& items = corpus(*ipw::testing::shared_data() / "corpora" / "mgsm.jsonl");
  const auto bench = Bench::open(Options::none());
  EXPECT_EQ(items.size(), 2750u);
  for (const auto& [id, item] : items) {
    ASSERT_TRUE((*bench)->accepts(item)) << item.place;
    auto digits = item.answer;
    std::erase(digits, ',');
    EXPECT_EQ((*bench)->judge(item, "12 + 3\n\nAnswer: " + digits).kind, VerdictKind::correct) << id;
    EXPECT_EQ((*bench)->judge(item, "12 + 3\n\nAnswer: 1" + digits).kind, VerdictKind::wrong) << id;
  }
}

}  // namespace
}  // namespace ipw::replay
