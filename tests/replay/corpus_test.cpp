#include "replay/corpus.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "replay/id_set.hpp"
#include "replay/line_reader.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

using ipw::testing::TemporaryFolder;

std::string gzipped(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  const auto path = (folder.path() / name).string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

struct Read {
  std::vector<CorpusItem> items;
  std::vector<std::string> errors;
};
Read read_all(CorpusReader& reader) {
  Read read;
  while (true) {
    auto next = reader.next();
    if (!next)
      read.errors.push_back(next.error().message);
    else if (!*next)
      return read;
    else
      read.items.push_back(**std::move(next));
  }
}
Read read_text(std::string_view text) {
  return read_all(*CorpusReader::from_text("c.jsonl", text));
}
Read read_files(std::vector<std::string> paths) {
  auto reader = CorpusReader::open(std::move(paths));
  if (!reader) return {{}, {reader.error().message}};
  return read_all(**reader);
}

TEST(Corpus, ReadsEveryFieldOfTheContract) {
  const auto read = read_text(R"({"id": "q/1", "problem": "P?", "answer": "A", "subject": "s", "language": "en", )"
                              R"("judge": "exact", "options": ["x", 2], "reference": "r", "level": {"n": [1, 2]}})");
  ASSERT_EQ(read.items.size(), 1u);
  const auto& item = read.items[0];
  EXPECT_EQ(item.id, "q/1");
  EXPECT_EQ(item.problem, "P?");
  EXPECT_EQ(item.answer, "A");
  EXPECT_EQ(item.subject, "s");
  EXPECT_EQ(item.language, "en");
  EXPECT_EQ(item.judge, "exact");
  EXPECT_EQ(item.options, (std::vector<std::string>{"x", "2"}));
  EXPECT_EQ(item.reference, "r");
  EXPECT_EQ(item.place, "c.jsonl:1");
  ASSERT_EQ(item.metadata.size(), 1u);
  EXPECT_EQ(item.metadata[0], (std::pair<std::string, std::string>{"level", R"({"n":[1,2]})"}));
}

TEST(Corpus, ReadsWhatThePublishedHarnessWrites) {
  const auto read =
      read_text("{\"prompt\": \"P?\", \"expected_answer\": 18, \"id\": 7, \"subject\": null}\n\n{\"problem\": \"R?\"}");
  ASSERT_EQ(read.items.size(), 2u);
  EXPECT_EQ(read.items[0].problem, "P?");
  EXPECT_EQ(read.items[0].answer, "18");
  EXPECT_EQ(read.items[0].id, "7");
  EXPECT_TRUE(read.items[0].metadata.empty());
  EXPECT_EQ(read.items[1].id, "line-3");
  EXPECT_EQ(read.items[1].answer, "");
}

TEST(Corpus, ToleratesMarksAndLineEndsOfOtherSystems) {
  const auto read = read_text("\xEF\xBB\xBF{\"problem\": \"a\"}\r\n  \r\n{\"problem\": \"b\"}\r\n");
  ASSERT_EQ(read.items.size(), 2u) << (read.errors.empty() ? "" : read.errors[0]);
  EXPECT_EQ(read.items[1].place, "c.jsonl:3");
}

TEST(Corpus, ABadLineIsNamedAndTheNextOneIsRead) {
  const struct {
    const char* name;
    std::string line, message;
  } cases[] = {
      {"not JSON", "{\"problem\": oops}", "c.jsonl:1: the line is not JSON at column 13"},
      {"cut", "{\"problem\": \"a\"", "c.jsonl:1: the line is not JSON: it ends too early, after column 15"},
      {"two objects", "{\"problem\": \"a\"} {}", "c.jsonl:1: the line is not JSON at column 18"},
      {"not an object", "[1]", "c.jsonl:1: the line must be a JSON object, not array"},
      {"no problem", "{\"id\": \"x\"}", "c.jsonl:1: `problem` is missing or empty"},
      {"empty problem", "{\"problem\": \"  \"}", "c.jsonl:1: `problem` is missing or empty"},
      {"problem of a wrong type", "{\"problem\": 5}", "c.jsonl:1: `problem` must be a text, not a number"},
      {"answer of a wrong type", "{\"problem\": \"a\", \"answer\": true}",
       "c.jsonl:1: `answer` must be a text or a number, not a boolean"},
      {"options not a list", "{\"problem\": \"a\", \"options\": \"x\"}",
       "c.jsonl:1: `options` must be a list of texts, not a string"},
      {"an option of a wrong type", "{\"problem\": \"a\", \"options\": [null]}",
       "c.jsonl:1: `options` must be a text or a number, not a null"},
      {"empty id", "{\"id\": \"\", \"problem\": \"a\"}", "c.jsonl:1: `id` is empty"},
      {"not UTF-8", "{\"problem\": \"caf\xE9\"}", "c.jsonl:1: the line is not UTF-8"},
      {"overlong UTF-8", "{\"problem\": \"\xC0\xAF\"}", "c.jsonl:1: the line is not UTF-8"},
      {"number out of range", "{\"problem\": \"a\", \"n\": 1e999}", "c.jsonl:1: the line is not JSON at column 27"},
  };
  for (const auto& c : cases) {
    const auto read = read_text(c.line + "\n{\"problem\": \"good\"}\n");
    ASSERT_EQ(read.errors.size(), 1u) << c.name;
    EXPECT_EQ(read.errors[0], c.message) << c.name;
    ASSERT_EQ(read.items.size(), 1u) << c.name;
    EXPECT_EQ(read.items[0].id, "line-2") << c.name;
  }
}

TEST(Corpus, ALineThatIsTooLongCostsNoMemory) {
  const auto read = read_text(std::string(LineReader::kLongestLine + 10, 'x') + "\n{\"problem\": \"good\"}");
  ASSERT_EQ(read.errors.size(), 1u);
  EXPECT_EQ(read.errors[0], "c.jsonl:1: the line is longer than 16 MiB");
  EXPECT_EQ(read.items.size(), 1u);
}

TEST(Corpus, DeeplyNestedJsonIsAnError) {
  const auto nested = [](std::size_t depth) {
    return "{\"problem\": \"[[\", \"x\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(read_text(nested(199)).items.size(), 1u);
  const auto deep = read_text(nested(200000));
  ASSERT_EQ(deep.errors.size(), 1u);
  EXPECT_EQ(deep.errors[0], "c.jsonl:1: the line is nested deeper than 200 levels");
}

TEST(Corpus, ARepeatedIdIsNamedWithBothPlaces) {
  const TemporaryFolder folder;
  const auto a = folder.write("a.jsonl", "\n{\"id\": \"x\", \"problem\": \"p\"}\n").string();
  const auto b =
      folder.write("b.jsonl", "{\"id\": \"y\", \"problem\": \"p\"}\n{\"id\": \"x\", \"problem\": \"p\"}\n").string();
  const auto read = read_files({a, b});
  EXPECT_EQ(read.items.size(), 2u);
  ASSERT_EQ(read.errors.size(), 1u);
  EXPECT_EQ(read.errors[0], b + ":2: repeats the id `x` of " + a + ":2");
}

TEST(Corpus, LinesWithoutIdsOfSeveralFilesStayApart) {
  const TemporaryFolder folder;
  const auto a = folder.write("a.jsonl", "{\"problem\": \"p\"}\n").string();
  const auto b = folder.write("b.jsonl", "{\"problem\": \"p\"}\n").string();
  const auto read = read_files({a, b});
  ASSERT_EQ(read.items.size(), 2u);
  EXPECT_EQ(read.items[0].id, "a.jsonl/line-1");
  EXPECT_EQ(read.items[1].id, "b.jsonl/line-1");
}

TEST(Corpus, GzipReadsLikePlainText) {
  const TemporaryFolder folder;
  const std::string text =
      "{\"id\": \"a\", \"problem\": \"" + std::string(600000, 'p') + "\"}\n{\"id\": \"b\", \"problem\": \"q\"}\n";
  const auto read = read_files({gzipped(folder, "c.jsonl.gz", text)});
  ASSERT_EQ(read.items.size(), 2u) << (read.errors.empty() ? "" : read.errors[0]);
  EXPECT_EQ(read.items[0].problem.size(), 600000u);
}

TEST(Corpus, DamagedGzipIsNamedAndTheNextFileIsRead) {
  const TemporaryFolder folder;
  std::string lines;
  std::uint32_t state = 1;
  for (int i = 0; i < 2000; ++i)
    lines += "{\"problem\": \"" + std::to_string(state = state * 1664525u + 1013904223u) + "\"}\n";
  const auto whole = ipw::testing::read_file(gzipped(folder, "whole.gz", lines));
  auto damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  const auto next = folder.write("next.jsonl", "{\"id\": \"last\", \"problem\": \"p\"}\n").string();

  const auto cut = read_files({folder.write("cut.jsonl.gz", whole.substr(0, whole.size() / 2)).string(), next});
  ASSERT_EQ(cut.errors.size(), 1u);
  EXPECT_TRUE(cut.errors[0].starts_with((folder.path() / "cut.jsonl.gz").string() + ":")) << cut.errors[0];
  EXPECT_NE(cut.errors[0].find("cannot be read on: the gzip data end too early: the file was cut"), std::string::npos)
      << cut.errors[0];
  EXPECT_GT(cut.items.size(), 10u) << "what came before is whole";
  EXPECT_EQ(cut.items.back().id, "last") << "ids of lines are prefixed, so that this is the next file's";

  const auto bad = read_files({folder.write("bad.jsonl.gz", damaged).string(), next});
  ASSERT_FALSE(bad.errors.empty());
  EXPECT_NE(bad.errors.back().find("cannot be read on: the gzip data are damaged"), std::string::npos)
      << bad.errors.back();
}

TEST(Corpus, AFileThatCannotBeOpenedIsKnownAtOnce) {
  const TemporaryFolder folder;
  const auto missing = CorpusReader::open({(folder.path() / "missing.jsonl").string()});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            (folder.path() / "missing.jsonl").string() + ": cannot be opened: No such file or directory");
  const auto directory = CorpusReader::open({folder.path().string()});
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message, folder.path().string() + ": is a folder, expected a file");
  const auto none = CorpusReader::open({});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the corpus has no file: give `path` one, or a list of them");
}

TEST(Corpus, SummaryCountsWhatIsValidAndKeepsTheFirstErrors) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "nonsense\n";
  text += "{\"problem\": \"a\", \"subject\": \"law\", \"language\": \"en\", \"judge\": \"exact\"}\n";
  text +=
      "{\"problem\": \"b\", \"subject\": \"law\", \"language\": \"de\"}\n{\"problem\": \"c\", \"subject\": \"art\"}\n";
  text += "{\"problem\": \"refused\"}\n";
  const auto reader = CorpusReader::from_text("c.jsonl", text);
  const auto summary = summarise(*reader, [](const CorpusItem& item) -> Result<void> {
    if (item.problem == "refused") return Error{Errc::invalid, item.place + ": refused"};
    return {};
  });
  EXPECT_EQ(summary.items, 3u);
  EXPECT_EQ(summary.errors, 31u);
  ASSERT_EQ(summary.first_errors.size(), 20u);
  EXPECT_EQ(summary.first_errors[0], "c.jsonl:1: the line is not JSON at column 2");
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  EXPECT_EQ(summary.by_subject, (Counts{{"law", 2}, {"art", 1}}));
  EXPECT_EQ(summary.by_language, (Counts{{"", 1}, {"de", 1}, {"en", 1}}));
  EXPECT_EQ(summary.by_judge, (Counts{{"", 2}, {"exact", 1}}));
}

TEST(IdSet, KnowsAMillionIdsIn32MiB) {
  IdSet ids;
  for (std::uint32_t i = 1; i <= 1000000; ++i) ASSERT_FALSE(ids.put("corpus/item/" + std::to_string(i), i)) << i;
  EXPECT_EQ(ids.size(), 1000000u);
  EXPECT_LE(ids.bytes(), 32u << 20);
  EXPECT_EQ(ids.put("corpus/item/4711", 1000001), 4711u);
  EXPECT_EQ(ids.size(), 1000000u);
  EXPECT_TRUE(ids.contains("corpus/item/1000000"));
  EXPECT_FALSE(ids.contains("corpus/item/1000001"));
  EXPECT_FALSE(IdSet().contains("corpus/item/1"));
}

}  // namespace
}  // namespace ipw::replay
