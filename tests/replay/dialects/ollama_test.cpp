#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

constexpr const char* kTimes = "load=0.0219345 prefill=0.130079 decode=1.682 total=1.83429";

TEST(OllamaStream, EveryWayToAnswer) {
  testing::expect_streams(
      "ollama",
      {
          {"chat.ndjson",
           {"content: The answer", "content:  is", "content:  (B).", "finish: stop"},
           "usage in=26 cached=- out=4 reasoning=-",
           kTimes},
          {"thinking.ndjson",
           {"reasoning: Two plus", "reasoning:  two.", "content: 4", "finish: stop"},
           "usage in=26 cached=- out=9 reasoning=-",
           kTimes},
          {"loading.ndjson",
           {"content: 7", "finish: stop"},
           "usage in=26 cached=- out=2 reasoning=-",
           "load=7.32193 prefill=0.130079 decode=1.682 total=9.13429"},
          {"cached_prompt.ndjson",
           {"content: 7", "finish: stop"},
           "usage in=- cached=- out=2 reasoning=-",
           "load=0.0219345 decode=1.682 total=1.83429"},
          {"cached_count.ndjson", {"content: 7", "finish: stop"}, "usage in=29 cached=24 out=2 reasoning=-", kTimes},
          {"no_cache_hit.ndjson", {"content: 7", "finish: stop"}, "usage in=29 cached=0 out=2 reasoning=-", kTimes},
          {"no_counts.ndjson", {"content: 7", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
          {"length.ndjson",
           {"content: Let me", "content:  think", "finish: length"},
           "usage in=26 cached=- out=2 reasoning=-",
           kTimes},
          {"utf8.ndjson",
           {"content: größe", "content:  漢字 🙂", "finish: stop"},
           "usage in=26 cached=- out=4 reasoning=-",
           kTimes},
          {"tool_calls.ndjson",
           {"tool_call: add", "tool_call: {\"a\":1,\"b\":2}", "finish: stop"},
           "usage in=26 cached=- out=4 reasoning=-",
           kTimes},
          {"crlf.ndjson",
           {"content: a", "content: b", "finish: stop"},
           "usage in=26 cached=- out=2 reasoning=-",
           kTimes},
          {"last_line_without_end.ndjson",
           {"content: 7", "finish: stop"},
           "usage in=26 cached=- out=2 reasoning=-",
           kTimes},
          {"old_without_reason.ndjson", {"content: 7", "finish: stop"}, "usage in=26 cached=- out=2", kTimes},
          {"not_streamed.ndjson",
           {"reasoning: 3 x 3", "content: 9", "finish: stop"},
           "usage in=11 cached=- out=6 reasoning=-",
           "load=0.001 prefill=0.2 decode=4 total=5"},
          {"nothing_said.ndjson", {"finish: load"}, "usage in=- cached=- out=- reasoning=-", kTimes},
      });
}

TEST(OllamaStream, EveryWayToFail) {
  testing::expect_streams(
      "ollama",
      {
          {"error.ndjson",
           {"content: The", "error: an error was encountered while running the model: unexpected EOF"},
           "unavailable: the stream ended before the server said"},
          {"error_only.ndjson", {"error: model \"qwen4\" not found"}, "unavailable: the stream ended before"},
          {"cut_before_done.ndjson",
           {"content: The", "content:  ans"},
           "unavailable: the stream ended before the server"},
          {"cut_inside_line.ndjson", {"content: The"}, "unavailable: the stream ended in the middle of an event"},
          {"bad_line.ndjson", {"content: A"}, "invalid: an event of the stream is not a JSON object: {\"model\":"},
          {"empty.ndjson", {}, "unavailable: the answer is empty"},
          {"html.ndjson", {}, "invalid: the answer is not an Ollama chat; it begins: <!DOCTYPE html> <html>"},
          {"event_stream.ndjson", {}, "invalid: the answer is not an Ollama chat; it begins: data: {\"choices\""},
      });
}

TEST(OllamaRequest, Defaults) {
  const auto dialect = open_dialect("ollama");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"model":"some-model","stream":true,
      "options":{"num_predict":2048,"temperature":0.0},"messages":[{"role":"user","content":"1 + 1?"}]})"));
  const auto sent = testing::ask_one_plus_one(*dialect);
  EXPECT_EQ(sent.path, "/api/chat");
  EXPECT_EQ(sent.headers,
            (std::vector<std::pair<std::string, std::string>>{
                {"Content-Type", "application/json"}, {"Accept", "application/x-ndjson"}, {"X-Query-Id", "q1"}}));
}

TEST(OllamaRequest, EverythingThatCanBeSet) {
  const auto dialect = open_dialect("ollama",
                                    "max_tokens: 64\ntemperature: 0.5\nseed: 7\nsystem: Be brief.\nthink: low\n"
                                    "keep_alive: 30m\nprompt_cache: allow\n"
                                    "extra: {options: {num_ctx: 8192, temperature: null}}");
  EXPECT_EQ(body_of(*dialect),
            json::parse(R"({"model":"some-model","stream":true,"options":{"num_predict":64,"seed":7,"num_ctx":8192},
      "think":"low","keep_alive":"1800s",
      "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"1 + 1?"}]})"));
  EXPECT_EQ(body_of(*open_dialect("ollama", "think: false"))["think"], false);
}

TEST(OllamaRequest, WhatIsRefused) {
  const auto think = testing::try_dialect("ollama", "think: very");
  ASSERT_FALSE(think);
  EXPECT_EQ(think.error().message.substr(0, 35), "test.yaml:1:8: unknown value `very`");
  EXPECT_FALSE(testing::try_dialect("ollama", "keep_alive: 5"));
  EXPECT_FALSE(testing::try_dialect("ollama", "template: '{prompt}'")) << "Ollama applies the model's own";
}

}  // namespace
}  // namespace ipw::replay
