#include "replay/recordings.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <iostream>

#include "base/time.hpp"
#include "tests/support/list_corpus.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

using testing::ListCorpus;

constexpr const char* kAnswers =
    "{\"id\":\"q/1\",\"text\":\"one\",\"model\":\"m\",\"correct\":true}\n"
    "\n"
    "{\"text\":\"zwei \\u00fc\\n\",\"id\":\"q/2\"}\r\n"
    "{\"id\":\"q/3\",\"text\":\"\"}";

std::unique_ptr<Recordings> three_answers() {
  ListCorpus corpus({{"q/1", "What?"}, {"q/2", "What?"}, {"q/9", "Unanswered?"}, {"q/3", "Why?"}});
  return std::move(*Recordings::from_text("answers.jsonl", kAnswers, corpus));
}

TEST(Recordings, FindsByIdElseByProblem) {
  struct Case {
    const char* name;
    std::string_view id, problem;
    std::optional<std::string_view> answer;
  } const cases[] = {
      {"by id", "q/2", "", "zwei \xC3\xBC\n"},
      {"the id wins", "q/2", "Why?", "zwei \xC3\xBC\n"},
      {"by problem without an id", "", "Why?", ""},
      {"by problem when the id is unknown", "q/77", "Why?", ""},
      {"a repeated problem gives its first answer", "", "What?", "one"},
      {"a query without an answer", "q/9", "Unanswered?", std::nullopt},
      {"neither known", "nobody", "Who?", std::nullopt},
      {"nothing asked", "", "", std::nullopt},
  };
  const auto recordings = three_answers();
  EXPECT_EQ(recordings->size(), 3U);
  for (const auto& c : cases) EXPECT_EQ(recordings->find(c.id, c.problem), c.answer) << c.name;
}

TEST(Recordings, NamesTheLineThatIsWrong) {
  struct Case {
    const char* name;
    std::string answers, error;
  } const cases[] = {
      {"not JSON", "{\"id\":\"a\",\"text\":\"b\"}\n{\"id\":", "a.jsonl:2: not JSON: {\"id\":"},
      {"not UTF-8", "{\"id\":\"a\",\"text\":\"\xFF\"}", "a.jsonl:1: the line is not UTF-8"},
      {"not an object", "\n[1]", "a.jsonl:2: not a JSON object: [1]"},
      {"no id", "{\"text\":\"b\"}", "a.jsonl:1: `id` is missing"},
      {"no text", "{\"id\":\"a\"}", "a.jsonl:1: `text` is missing"},
      {"wrong type", "{\"id\":7,\"text\":\"b\"}", "a.jsonl:1: `id` must be text"},
      {"null text", "{\"id\":\"a\",\"text\":null}", "a.jsonl:1: `text` must be text"},
      {"repeated id", "{\"id\":\"a\",\"text\":\"b\"}\n\n{\"id\":\"a\",\"text\":\"c\"}",
       "a.jsonl:3: the id `a` was already given"},
  };
  for (const auto& c : cases) {
    ListCorpus corpus({});
    const auto recordings = Recordings::from_text("a.jsonl", c.answers, corpus);
    ASSERT_FALSE(recordings) << c.name;
    EXPECT_EQ(recordings.error().code, Errc::invalid) << c.name;
    EXPECT_EQ(recordings.error().message, c.error) << c.name;
  }
}

TEST(Recordings, PassesOnWhatIsWrongWithTheCorpus) {
  ListCorpus corpus({{"q/1", "What?"}}, "c.jsonl:2: no problem");
  const auto recordings = Recordings::from_text("a.jsonl", kAnswers, corpus);
  ASSERT_FALSE(recordings);
  EXPECT_EQ(recordings.error().message, "c.jsonl:2: no problem");
}

TEST(Recordings, LoadsPlainAndGzip) {
  const testing::TemporaryFolder folder;
  const auto plain = folder.write("answers.jsonl", kAnswers);
  const auto corpus = folder.write("corpus.jsonl", "{\"id\":\"q/3\",\"problem\":\"Why?\",\"answer\":\"x\"}\n");
  const auto packed = folder.path() / "answers.jsonl.gz";
  gzFile file = gzopen(packed.c_str(), "wb");
  gzputs(file, kAnswers);
  gzclose(file);
  for (const auto& path : {plain, packed}) {
    const auto recordings = Recordings::load(path, {corpus});
    ASSERT_TRUE(recordings) << recordings.error().message;
    EXPECT_EQ((*recordings)->size(), 3U) << path;
    EXPECT_EQ((*recordings)->find("", "Why?"), "") << path;
  }

  const auto whole = testing::read_file(packed);
  const auto cut = folder.write("cut.jsonl.gz", whole.substr(0, whole.size() - 12));
  EXPECT_EQ(Recordings::load(cut, {}).error().message,
            cut.string() + ":4: cannot be read on: the gzip data end too early: the file was cut");
  EXPECT_EQ(Recordings::load("/nowhere/a.jsonl", {}).error().message,
            "/nowhere/a.jsonl: cannot be opened: No such file or directory");
  EXPECT_FALSE(Recordings::load(plain, {"/nowhere/corpus.jsonl"}));
}

TEST(Recordings, LoadsTheWholeOfMmluPro) {
  const auto shared = testing::shared_data();
  if (!shared) GTEST_SKIP() << "no recordings beside the project";
  const auto corpus = *shared / "corpora" / "mmlu-pro.jsonl";
  const auto begin = std::chrono::steady_clock::now();
  const auto recordings = Recordings::load(*shared / "recordings/mmlu-pro/llama-3.1-8b-instruct.jsonl", {corpus});
  const auto took = between(begin, std::chrono::steady_clock::now());
  ASSERT_TRUE(recordings) << recordings.error().message;
  EXPECT_EQ((*recordings)->size(), 12032U);
  RecordProperty("load_ms", std::to_string(took.value * 1000));
  std::cout << "loaded in " << took.value << " s\n";
}

}  // namespace
}  // namespace ipw::replay
