#include "replay/framing.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace ipw::replay {
namespace {

using Datas = std::vector<std::string>;

template <class Framer>
Result<void> feed(Framer& framer, std::string_view bytes, Datas& out) {
  return framer.feed(bytes, [&](std::string_view data) -> Result<void> {
    out.emplace_back(data);
    return {};
  });
}

const struct {
  const char* name;
  std::string_view stream;
  Datas data;
  bool pending;
} kStreams[] = {
    {"one event", "data: a\n\n", {"a"}, false},
    {"no space after the colon", "data:a\n\n", {"a"}, false},
    {"only one space belongs to the field", "data:  a\n\n", {" a"}, false},
    {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", {"a", "b"}, false},
    {"CR", "data: a\r\rdata: b\r\r", {"a", "b"}, false},
    {"mixed line ends", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", {"a", "b", "c"}, false},
    {"several data lines", "data: a\ndata: b\ndata:\n\n", {"a\nb\n"}, false},
    {"empty data", "data\n\ndata:\n\n", {"", ""}, false},
    {"comments", ": ping\n\n:\ndata: a\n: inside\n\n", {"a"}, false},
    {"other fields", "event: message\nid: 1\nretry: 5\ndata: a\n\nevent: x\n\n", {"a"}, false},
    {"a name that only begins like data", "database: a\n\n", {}, false},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "data: a\n\n",
     {"a"},
     false},
    {"many blank lines", "\n\n\ndata: a\n\n\n\n", {"a"}, false},
    {"cut before the blank line", "data: a\n", {}, true},
    {"cut inside a line", "data: a\n\ndata: b", {"a"}, true},
    {"nothing", "", {}, false},
};

TEST(SseFramer, EventsAreTheSameHoweverTheStreamIsSplit) {
  std::mt19937 random(7);
  for (const auto& c : kStreams) {
    for (int split = 0; split < 50; ++split) {
      SseFramer framer;
      Datas data;
      // The first split is the whole, the second every byte by itself, the rest are random.
      std::uniform_int_distribution<std::size_t> step(1, split == 1 ? 1 : 9);
      auto rest = c.stream;
      while (!rest.empty()) {
        const auto size = split == 0 ? rest.size() : std::min(rest.size(), step(random));
        ASSERT_TRUE(feed(framer, rest.substr(0, size), data)) << c.name;
        rest.remove_prefix(size);
      }
      EXPECT_EQ(data, c.data) << c.name << ", split " << split;
      EXPECT_EQ(framer.pending(), c.pending) << c.name << ", split " << split;
    }
  }
}

TEST(SseFramer, AnEventBeyondTheLimitIsRefused) {
  const struct {
    const char* name;
    std::string piece;
  } cases[] = {{"one endless line", std::string(100, 'x')}, {"endless data lines", "data: 0123456789\n"}};
  for (const auto& c : cases) {
    SseFramer framer(1000);
    Datas data;
    Result<void> fed;
    for (int i = 0; i < 1000 && fed; ++i) fed = feed(framer, c.piece, data);
    ASSERT_FALSE(fed) << c.name;
    EXPECT_EQ(fed.error().message, "one event of the stream is larger than 1000 bytes") << c.name;
  }
}

TEST(SseFramer, StopsAtTheFirstErrorOfItsUser) {
  SseFramer framer;
  int seen = 0;
  const auto fed = framer.feed("data: a\n\ndata: b\n\n", [&](std::string_view) -> Result<void> {
    ++seen;
    return Error{Errc::invalid, "no"};
  });
  EXPECT_FALSE(fed);
  EXPECT_EQ(seen, 1);
}

const struct {
  const char* name;
  JsonFramer::Layout layout;
  std::string_view stream;
  Datas objects;
  bool pending;
} kObjects[] = {
    {"lines", JsonFramer::Layout::lines, "{\"a\":1}\n{\"b\":[{}]}\n", {"{\"a\":1}", "{\"b\":[{}]}"}, false},
    {"CRLF and blank lines", JsonFramer::Layout::lines, "\r\n{}\r\n\n \n{}\r\n", {"{}", "{}"}, false},
    {"no line end at the end", JsonFramer::Layout::lines, "{}\n{\"a\":1}", {"{}", "{\"a\":1}"}, false},
    {"nothing between objects", JsonFramer::Layout::lines, "{}{}", {"{}", "{}"}, false},
    {"brackets and quotes in texts",
     JsonFramer::Layout::lines,
     R"({"a":"}\"]{","b":"\\"})"
     "\n",
     {R"({"a":"}\"]{","b":"\\"})"},
     false},
    {"cut inside", JsonFramer::Layout::lines, "{}\n{\"a\":", {"{}"}, true},
    {"broken line", JsonFramer::Layout::lines, "{\"a\":[\n{}\n", {"{\"a\":[\n", "{}"}, false},
    {"broken text", JsonFramer::Layout::lines, "{\"a\":\"\n{}\n", {"{\"a\":\"\n", "{}"}, false},
    {"no object", JsonFramer::Layout::lines, "upstream went away\n{}\n", {"upstream went away\n", "{}"}, false},
    {"closing first", JsonFramer::Layout::lines, "}]\n{}\n", {"}]\n", "{}"}, false},
    {"many lines", JsonFramer::Layout::free, "{\n  \"a\": [\n 1]\n}\n{}", {"{\n  \"a\": [\n 1]\n}", "{}"}, false},
    {"nothing", JsonFramer::Layout::lines, " \n", {}, false},
};

TEST(JsonFramer, ObjectsAreTheSameHoweverTheStreamIsSplit) {
  std::mt19937 random(7);
  for (const auto& c : kObjects) {
    for (int split = 0; split < 50; ++split) {
      JsonFramer framer(c.layout);
      Datas objects;
      std::uniform_int_distribution<std::size_t> step(1, split == 1 ? 1 : 9);
      auto rest = c.stream;
      while (!rest.empty()) {
        const auto size = split == 0 ? rest.size() : std::min(rest.size(), step(random));
        ASSERT_TRUE(feed(framer, rest.substr(0, size), objects)) << c.name;
        rest.remove_prefix(size);
      }
      EXPECT_EQ(objects, c.objects) << c.name << ", split " << split;
      EXPECT_EQ(framer.pending(), c.pending) << c.name << ", split " << split;
    }
  }
}

TEST(JsonFramer, AnObjectBeyondTheLimitIsRefused) {
  JsonFramer framer(JsonFramer::Layout::lines, 1000);
  Datas objects;
  Result<void> fed;
  for (int i = 0; i < 1000 && fed; ++i) fed = feed(framer, "{\"a\":\"0123456789", objects);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().message, "one JSON object of the answer is larger than 1000 bytes");
}

}  // namespace
}  // namespace ipw::replay
