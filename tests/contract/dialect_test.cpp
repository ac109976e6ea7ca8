// What every dialect promises, whatever server it speaks to. Recorded streams of a dialect stand in
// tests/testdata/streams/<name>/; a dialect without any fails.
#include "replay/dialect.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/decoding.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

using testing::decode;

std::unique_ptr<Dialect> open(OpenDialect open_dialect) {
  auto options = Options::none();
  auto dialect = open_dialect("some-model", options);
  EXPECT_TRUE(dialect) << dialect.error().message;
  return dialect ? std::move(*dialect) : nullptr;
}

std::vector<std::filesystem::path> streams(std::string_view dialect) {
  const auto folder = testing::testdata() / "streams" / dialect;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

class DialectContract : public ::testing::TestWithParam<CatalogEntry<OpenDialect>> {};

TEST_P(DialectContract, EventsAreTheSameHoweverTheStreamIsSplit) {
  const auto dialect = open(GetParam().open);
  const auto files = streams(GetParam().name);
  ASSERT_FALSE(files.empty()) << "no recorded streams for " << GetParam().name;
  for (const auto& file : files) {
    const auto stream = testing::read_file(file);
    const auto whole = decode(*dialect->decoder(), stream, 0);
    for (unsigned split = 0; split < 25; ++split) {
      const std::size_t largest = split == 0 ? 1 : split < 12 ? 7 : 90;
      const auto pieces = decode(*dialect->decoder(), stream, largest, split);
      EXPECT_EQ(pieces.events, whole.events) << file << ", split " << split;
      EXPECT_EQ(pieces.end, whole.end) << file << ", split " << split;
    }
  }
}

TEST_P(DialectContract, TextEventsAreNeverEmpty) {
  const auto dialect = open(GetParam().open);
  for (const auto& file : streams(GetParam().name)) {
    std::vector<StreamEvent> events;
    if (!dialect->decoder()->feed(testing::read_file(file), events)) continue;
    for (const auto& event : events) EXPECT_FALSE(event.text.empty()) << file;
  }
}

// A stream that was cut at any byte is an error or lost nothing that the whole stream says.
TEST_P(DialectContract, ACutIsNeverTakenForTheWhole) {
  const auto dialect = open(GetParam().open);
  for (const auto& file : streams(GetParam().name)) {
    const auto stream = testing::read_file(file);
    const auto whole = decode(*dialect->decoder(), stream, 0);
    if (!whole.end.starts_with("usage")) continue;
    for (std::size_t size = 0; size < stream.size(); size += 1 + size % 4) {
      const auto cut = decode(*dialect->decoder(), std::string_view(stream).substr(0, size), 0);
      if (!cut.end.starts_with("usage")) continue;
      EXPECT_EQ(cut.events, whole.events) << file << " cut after " << size << " bytes";
    }
  }
}

TEST_P(DialectContract, GarbageIsRefusedWithoutHarm) {
  const auto dialect = open(GetParam().open);
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string garbage(200 + random() % 2000, ' ');
    for (auto& c : garbage) c = static_cast<char>(round % 2 == 0 ? random() : "{}[]\":,\\\n\r data0"[random() % 17]);
    const auto decoded = decode(*dialect->decoder(), garbage, 50, static_cast<unsigned>(round));
    EXPECT_FALSE(decoded.end.starts_with("usage")) << "took noise for an answer";
  }
}

TEST_P(DialectContract, TheRequestCarriesTheQuestionAndTheId) {
  const auto dialect = open(GetParam().open);
  CorpusItem item;
  item.id = "set/7 ä\r\nX-Evil: 1";
  item.problem = "What is \"1 + 1\"?\nPlease.";
  const auto request = dialect->request(item);
  EXPECT_EQ(request.method, "POST");
  EXPECT_TRUE(request.path.starts_with('/')) << request.path;
  EXPECT_NE(request.body.find("What is \\\"1 + 1\\\"?\\nPlease."), std::string::npos) << request.body;
  const bool serves_one_model = GetParam().name == "sglang" || GetParam().name == "tgi";
  EXPECT_EQ(request.body.find("some-model") != std::string::npos, !serves_one_model) << request.body;
  std::string id;
  for (const auto& [name, value] : request.headers)
    if (name == "X-Query-Id") id = value;
  EXPECT_EQ(id, "set/7%20%C3%A4%0D%0AX-Evil:%201");
}

TEST_P(DialectContract, PagesArePathsOfTheServer) {
  const auto pages = open(GetParam().open)->pages();
  for (const auto& path : {pages.health, pages.models, pages.metrics}) {
    EXPECT_TRUE(path.empty() || path.starts_with('/')) << path;
    EXPECT_FALSE(path.ends_with('/')) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DialectContract,
                         ::testing::ValuesIn(dialects().entries().begin(), dialects().entries().end()),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Dialects, AnUnknownNameGetsTheNearest) {
  const auto found = dialects().find("openia");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message.substr(0, 52), "unknown dialect `openia`, did you mean `openai`? (kn");
}

}  // namespace
}  // namespace ipw::replay
