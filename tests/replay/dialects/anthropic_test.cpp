#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

TEST(AnthropicStream, EveryWayToAnswer) {
  testing::expect_streams(
      "anthropic",
      {
          {"text.sse",
           {"content: The answer", "content:  is (B).", "finish: end_turn"},
           "usage in=25 cached=0 out=15 reasoning=-"},
          {"thinking.sse",
           {"reasoning: Two plus", "reasoning:  two.", "content: 4", "finish: end_turn"},
           "usage in=25 cached=0 out=42 reasoning=-"},
          {"redacted_thinking.sse", {"content: 4", "finish: end_turn"}, "usage in=25 cached=0 out=42 reasoning=-"},
          {"cached.sse", {"content: 7", "finish: end_turn"}, "usage in=2003 cached=1900 out=5 reasoning=-"},
          {"max_tokens.sse", {"content: Let me think", "finish: length"}, "usage in=25 cached=0 out=3 reasoning=-"},
          {"refusal.sse", {"finish: refusal"}, "usage in=25 cached=0 out=0 reasoning=-"},
          {"tool_use.sse",
           {"tool_call: add", "tool_call: {\"a\":1,", "tool_call: \"b\":2}", "finish: tool_use"},
           "usage in=25 cached=0 out=30 reasoning=-"},
          {"utf8.sse",
           {"content: größe", "content:  漢字 🙂", "finish: end_turn"},
           "usage in=25 cached=0 out=9 reasoning=-"},
          {"missing_stop.sse", {"content: 7", "finish: end_turn"}, "usage in=25 cached=0 out=2 reasoning=-"},
          {"no_usage.sse", {"content: 7", "finish: end_turn"}, "usage in=- cached=- out=- reasoning=-"},
          {"unknown_events.sse", {"content: 7", "finish: end_turn"}, "usage in=25 cached=0 out=2 reasoning=-"},
          {"not_streamed.sse",
           {"reasoning: 3 x 3", "content: 9", "finish: end_turn"},
           "usage in=11 cached=0 out=20 reasoning=-"},
      });
}

// llama-server speaks it too (b11669; a model of random weights, whose text is noise).
TEST(AnthropicStream, RecordedFromLlamaCpp) {
  const auto stream = testing::read_file(testing::testdata() / "streams/anthropic/llamacpp_recorded.sse");
  const auto decoded = testing::decode(*open_dialect("anthropic")->decoder(), stream, 0);
  EXPECT_EQ(decoded.end, "usage in=34 cached=33 out=6 reasoning=-");
  ASSERT_GE(decoded.events.size(), 2u);
  EXPECT_EQ(decoded.events.back(), "finish: length");
}

// llama-server (b11669) leaves message_start out where the first token is a part of a character.
TEST(AnthropicStream, AMissingStartCostsOnlyTheCountOfTheInput) {
  testing::expect_streams("anthropic", {{"llamacpp_recorded_no_start.sse",
                                         {"content: \xEE\xBE\x97", "finish: length"},
                                         "usage in=- cached=- out=4 reasoning=-"}});
}

TEST(AnthropicStream, EveryWayToFail) {
  testing::expect_streams(
      "anthropic",
      {
          {"overloaded.sse", {"content: The", "error: Overloaded"}, "unavailable: the stream ended before"},
          {"not_streamed_error.sse", {"error: max_tokens: 10000000 > 64000"}, "usage"},
          {"cut_before_stop.sse", {"content: The ans"}, "unavailable: the stream ended before the server said"},
          {"cut_inside_event.sse", {"content: The ans"}, "unavailable: the stream ended in the middle of an event"},
          {"bad_json_event.sse", {"content: A"}, "invalid: an event of the stream is not a JSON object: {\"type\""},
          {"empty.sse", {}, "unavailable: the answer is empty"},
      });
}

TEST(AnthropicRequest, Defaults) {
  const auto dialect = open_dialect("anthropic");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"model":"some-model","max_tokens":2048,"temperature":0.0,"stream":true,
      "messages":[{"role":"user","content":"1 + 1?"}]})"));
  const auto sent = testing::ask_one_plus_one(*dialect);
  EXPECT_EQ(sent.path, "/v1/messages");
  EXPECT_EQ(sent.headers, (std::vector<std::pair<std::string, std::string>>{{"Content-Type", "application/json"},
                                                                            {"Accept", "text/event-stream"},
                                                                            {"anthropic-version", "2023-06-01"},
                                                                            {"X-Query-Id", "q1"}}));
}

TEST(AnthropicRequest, EverythingThatCanBeSet) {
  const auto dialect = open_dialect("anthropic",
                                    "max_tokens: 64\ntemperature: 0.5\nsystem: Be brief.\n"
                                    "headers: {Anthropic-Version: 2026-01-01, anthropic-beta: x}\n"
                                    "extra: {thinking: {type: enabled, budget_tokens: 1024}, temperature: null}");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"model":"some-model","max_tokens":64,"system":"Be brief.","stream":true,
      "thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"1 + 1?"}]})"));
  const auto sent = testing::ask_one_plus_one(*dialect);
  EXPECT_EQ(sent.headers.front().second, "2026-01-01");
  EXPECT_EQ(sent.headers.size(), 5u) << "one version is enough";
}

TEST(AnthropicRequest, TheKeyIsNoBearerToken) {
  EXPECT_EQ(open_dialect("anthropic")->credential("k"), (std::pair<std::string, std::string>{"x-api-key", "k"}));
  EXPECT_EQ(open_dialect("openai")->credential("k"),
            (std::pair<std::string, std::string>{"Authorization", "Bearer k"}));
}

TEST(AnthropicRequest, WhatIsRefused) {
  EXPECT_FALSE(testing::try_dialect("anthropic", "temperature: 1.5"));
  EXPECT_FALSE(testing::try_dialect("anthropic", "seed: 1")) << "it takes none";
}

}  // namespace
}  // namespace ipw::replay
