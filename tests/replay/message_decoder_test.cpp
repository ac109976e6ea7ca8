#include "replay/message_decoder.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "replay/chat_reader.hpp"
#include "tests/support/decoding.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

std::unique_ptr<MessageDecoder> chat_decoder() {
  return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, "a chat completion",
                                          std::make_unique<ChatReader>());
}

std::string chunk(const Json& delta, const Json& more = Json::object()) {
  Json message = {{"id", "c-1"}, {"object", "chunk"}, {"choices", {{{"index", 0}, {"delta", delta}, {"note", "x"}}}}};
  message.update(more);
  return "data: " + message.dump() + "\n\n";
}

// Messages that are alike but for their text are not parsed again; whatever stands in them, it must come out the same.
TEST(MessageDecoder, RepeatedMessagesSayWhatTheySay) {
  const Lines texts{" the",  " a", "x",    "content",   "stop",   ",",   ":", "",     "\"",   "\\",    "a\\\"b", "\n",
                    "größe", "漢", "🙂", "{\"a\":1}", "\u007f", "c-1", "0", "null", "\"}}", " word", " word"};
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::string stream;
    Lines expected;
    for (int i = 0; i < 40; ++i) {
      const auto& text = texts[random() % texts.size()];
      const bool reasoning = random() % 4 == 0;
      stream += chunk({{reasoning ? "reasoning" : "content", text}});
      if (!text.empty()) expected.push_back((reasoning ? "reasoning: " : "content: ") + text);
    }
    const auto decoded = testing::decode(*chat_decoder(), stream, 0);
    ASSERT_EQ(decoded.events, expected) << stream;
  }
}

TEST(MessageDecoder, ARepeatedMessageIsStillRead) {
  const auto usage = [](int tokens) { return Json{{"usage", {{"prompt_tokens", 3}, {"completion_tokens", tokens}}}}; };
  const auto decoded = testing::decode(*chat_decoder(),
                                       chunk({{"content", "a"}}, usage(1)) + chunk({{"content", "b"}}, usage(1)) +
                                           chunk({}, usage(2)) + chunk({{"content", "c"}}, usage(1)) +
                                           chunk({{"content", "d"}}, usage(5)) + "data: [DONE]\n\n",
                                       0);
  EXPECT_EQ(decoded.events, (Lines{"content: a", "content: b", "content: c", "content: d"}));
  EXPECT_EQ(decoded.end, "usage in=3 cached=- out=5 reasoning=-");
}

TEST(MessageDecoder, WhatIsNotJsonIsRefusedAlsoWhereTheRestIsFamiliar) {
  const struct {
    const char* name;
    std::string text;
  } cases[] = {{"a raw line end", "a\tb"}, {"a broken character", "a\xC3"}, {"a lone quote", "a\"b"}};
  for (const auto& c : cases) {
    const std::string head = R"(data: {"choices":[{"delta":{"content":")", tail = "\"}}]}\n\n";
    const auto decoded = testing::decode(*chat_decoder(), head + "one" + tail + head + c.text + tail, 0);
    EXPECT_EQ(decoded.events, (Lines{"content: one"})) << c.name;
    EXPECT_TRUE(decoded.end.starts_with("invalid: an event of the stream is not a JSON object")) << c.name;
  }
}

}  // namespace
}  // namespace ipw::replay
