#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "replay/dialect.hpp"
#include "tests/support/decoding.hpp"
#include "tests/support/speaking.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

std::unique_ptr<Dialect> open(OptionsNode request) {
  Options options("ipw.yaml", std::move(request));
  auto dialect = (*dialects().find("openai"))("some-model", options);
  EXPECT_TRUE(dialect) << dialect.error().message;
  return dialect ? std::move(*dialect) : nullptr;
}

OptionsNode scalar(std::string text, bool quoted = false) {
  OptionsNode node;
  node.kind = OptionsNode::Kind::scalar;
  node.text = std::move(text);
  node.quoted = quoted;
  node.line = 8;
  node.column = 5;
  return node;
}

OptionsNode map(std::vector<OptionsNode::Entry> entries) {
  OptionsNode node;
  node.kind = OptionsNode::Kind::map;
  node.entries = std::move(entries);
  for (auto& [name, value] : node.entries) {
    value.key_line = 9;
    value.key_column = 3;
  }
  node.line = 8;
  node.column = 5;
  return node;
}

Json body(const Dialect& dialect) {
  CorpusItem item;
  item.id = "q1";
  item.problem = "1 + 1?";
  return Json::parse(dialect.request(item).body);
}

TEST(OpenAiStream, EveryServersWay) {
  const struct {
    const char* file;
    Lines events;
    const char* end;
  } cases[] = {
      {"openai",
       {"content: The answer", "content:  is (B).", "finish: stop"},
       "usage in=19 cached=8 out=5 reasoning=0"},
      {"openai_comments", {"content: 42", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"openai_multiline", {"content: one", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"crlf", {"content: größe", "content:  漢字 🙂", "finish: stop"}, "usage in=3 cached=- out=4 reasoning=-"},
      {"length", {"content: Let me think step", "finish: length"}, "usage in=19 cached=- out=4 reasoning=-"},
      {"missing_done", {"content: 7", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"tool_calls",
       {"tool_call: add", "tool_call: {\"a\":1,", "tool_call: \"b\":2}", "finish: tool_calls"},
       "usage in=- cached=- out=- reasoning=-"},
      {"refusal", {"content: I cannot help with that.", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"vllm_reasoning",
       {"reasoning: Two plus", "reasoning:  two.", "content: 4", "finish: stop"},
       "usage in=21 cached=- out=9 reasoning=-"},
      {"vllm_continuous_usage", {"content: A", "content: B", "finish: stop"}, "usage in=12 cached=0 out=3 reasoning=-"},
      {"usage_merged", {"content: B", "finish: stop"}, "usage in=11 cached=- out=2 reasoning=-"},
      {"llamacpp", {"reasoning: Hmm", "content: 5", "finish: stop"}, "usage in=30 cached=22 out=4 reasoning=-"},
      {"sglang", {"reasoning: Think.", "content: C", "finish: stop"}, "usage in=40 cached=16 out=12 reasoning=10"},
      {"openrouter_reasoning_details",
       {"reasoning: Ok", "reasoning: so", "content: D", "finish: stop"},
       "usage in=- cached=- out=- reasoning=-"},
      {"mistral_parts",
       {"reasoning: Let us see.", "content: 9", "finish: stop"},
       "usage in=- cached=- out=- reasoning=-"},
      {"second_choice_ignored", {"content: yes", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"finish_without_text", {"finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
      {"not_streamed",
       {"reasoning: why", "content: A \"quoted\" {brace} \\ answer", "finish: stop"},
       "usage in=5 cached=- out=6 reasoning=-"},
  };
  const auto dialect = open({});
  for (const auto& c : cases) {
    const auto stream = testing::read_file(testing::testdata() / "streams/openai" / (std::string(c.file) + ".sse"));
    const auto decoded = testing::decode(*dialect->decoder(), stream, 0);
    EXPECT_EQ(decoded.events, c.events) << c.file;
    EXPECT_EQ(decoded.end, c.end) << c.file;
  }
}

// Where else usage, reasoning and the server's own times may stand.
TEST(OpenAiStream, EveryClouds) {
  const Lines reasoned{"reasoning: Hmm", "content: 5", "finish: stop"}, plain{"content: 5", "finish: stop"};
  testing::expect_streams(
      "openai",
      {
          {"deepseek.sse", reasoned, "usage in=80 cached=64 out=6 reasoning=4"},
          {"groq.sse", reasoned, "usage in=18 cached=- out=8 reasoning=3",
           "queue=0.25 prefill=0.0625 decode=0.5 total=0.5625"},
          {"groq_late_error.sse", {"content: The", "error: over capacity"}, "usage"},
          {"cerebras.sse", plain, "usage in=9 cached=0 out=2 reasoning=-",
           "queue=0.125 prefill=0.25 decode=0.5 total=1"},
          {"xai.sse", reasoned, "usage in=32 cached=5 out=122 reasoning=120"},
          {"moonshot.sse", plain, "usage in=30 cached=20 out=2 reasoning=-"},
          {"gemini_thought.sse", reasoned, "usage in=4 cached=- out=1 reasoning=-"},
          {"litellm_thinking_blocks.sse", reasoned, "usage in=40 cached=32 out=6 reasoning=-"},
          {"lmstudio.sse", plain, "usage in=9 cached=- out=2 reasoning=-", "prefill=0.125 decode=0.25"},
          {"lmstudio_error.sse",
           {"content: The", "error: The model has crashed without additional information. (Exit code: 11)"},
           "unavailable: the stream ended before"},
          {"fireworks.sse", plain, "usage in=9 cached=0 out=2 reasoning=-",
           "queue=0.0625 prefill=0.125 decode=0.5 total=0.75"},
          {"mistral_length.sse",
           {"content: Let me", "content:  think", "finish: length"},
           "usage in=9 cached=- out=4 reasoning=-"},
          {"ollama.sse", reasoned, "usage in=9 cached=- out=5 reasoning=-"},
          {"cut_inside_character.sse", {"content: gr"}, "unavailable: the stream ended in the middle of an event"},
      });
}

// The same server in another version, or with another of its options on.
TEST(OpenAiStream, EveryVersions) {
  const Lines four{"reasoning: Two plus", "reasoning:  two.", "content: 4", "finish: stop"};
  testing::expect_streams(
      "openai",
      {
          {"openai_reasoning_obfuscated.sse",
           {"content: The", "content:  answer", "content:  is (B).", "finish: stop"},
           "usage in=1219 cached=1024 out=133 reasoning=128"},
          {"vllm_reasoning_continuous_usage.sse",
           {"reasoning: Two plus", "reasoning:  two.", "content: 4", "content: .", "finish: stop"},
           "usage in=21 cached=16 out=10 reasoning=-"},
          {"vllm_speculative.sse",
           {"content: The answer is", "content:  (B), because two", "content:  and two are four.", "finish: stop"},
           "usage in=12 cached=- out=15 reasoning=-"},
          {"vllm_abort.sse",
           {"content: The", "error: the server ended the answer with finish_reason `abort`"},
           "usage in=12 cached=- out=1"},
          {"llamacpp.sse",
           {"reasoning: Hmm", "content: 5", "finish: stop"},
           "usage in=30 cached=22 out=4 reasoning=-",
           "prefill=0.01225 decode=0.0205"},
          {"llamacpp_timings_per_token.sse",
           {"reasoning: Hmm", "content: 5", "content: .", "finish: stop"},
           "usage in=30 cached=22 out=4 reasoning=-",
           "prefill=0.0125 decode=0.1875"},
          {"sglang_error_nested.sse",
           {"content: The", "error: The request is aborted: the scheduler timed out."},
           "usage"},
          {"ollama_cached.sse",
           {"reasoning: Two", "reasoning:  plus two.", "content: 4", "finish: stop"},
           "usage in=21 cached=16 out=9 reasoning=-"},
          {"tgi.sse", {"content: 4", "content: .", "finish: stop"}, "usage in=17 cached=- out=3 reasoning=-"},
          {"tgi_error.sse",
           {"content: 4", "error: Request failed during generation: Server error: CUDA out of memory"},
           "unavailable: the stream ended before"},
          {"lmstudio_reasoning.sse", four, "usage in=68 cached=- out=23 reasoning=12", "prefill=0.25 decode=0.5"},
          {"fireworks_reasoning.sse",
           {"reasoning: Two plus two.", "content: 4", "finish: stop"},
           "usage in=21 cached=16 out=9 reasoning=-",
           "queue=0.03125 prefill=0.0625 decode=0.25 total=0.5"},
      });
}

// From llama-server b11669 with a model of random weights, whose text is noise.
TEST(OpenAiStream, RecordedFromLlamaCpp) {
  const auto stream = testing::read_file(testing::testdata() / "streams/openai/llamacpp_recorded.sse");
  const auto decoded = testing::decode(*testing::open_dialect("openai")->decoder(), stream, 0);
  EXPECT_EQ(decoded.end, "usage in=34 cached=0 out=6 reasoning=-");
  EXPECT_EQ(decoded.events.back(), "finish: length");
  EXPECT_TRUE(decoded.times.starts_with("prefill=0.002494 decode=")) << decoded.times;
}

TEST(OpenAiStream, EveryWayToFail) {
  const struct {
    const char* file;
    Lines events;
    const char* end;  // its beginning
  } cases[] = {
      {"vllm_error",
       {"content: The", "error: EngineCore encountered an issue. See stack trace (above) for the root cause."},
       "usage"},
      {"llamacpp_error", {"error: context shift is disabled"}, "unavailable: the stream ended before"},
      {"sglang_error", {"error: The input is longer than the context length."}, "usage"},
      {"sglang_abort", {"content: Wel", "error: the server ended the answer with finish_reason `abort`"}, "usage"},
      {"not_streamed_error", {"error: model `x` not found, try pulling it first"}, "usage"},
      {"cut_before_finish", {"content: The ans"}, "unavailable: the stream ended before the server said"},
      {"cut_inside_event", {"content: The ans"}, "unavailable: the stream ended in the middle of an event"},
      {"not_streamed_cut", {}, "unavailable: the stream ended in the middle of an event"},
      {"empty", {}, "unavailable: the answer is empty"},
      {"html", {}, "invalid: the answer is not a chat completion; it begins: <!DOCTYPE html> <html><head><title>502"},
      {"plain_text", {}, "invalid: the answer is not a chat completion; it begins: error: upstream went away"},
      {"json_list", {}, "invalid: the answer is not a chat completion; it begins: [1,2,3]"},
      {"other_object", {}, "invalid: the answer is not a chat completion; it begins: {\"hello\":\"world\"}"},
      {"bad_json_event",
       {"content: A"},
       "invalid: an event of the stream is not a JSON object: {\"choices\":[{\"index\":0,"},
  };
  const auto dialect = open({});
  for (const auto& c : cases) {
    const auto stream = testing::read_file(testing::testdata() / "streams/openai" / (std::string(c.file) + ".sse"));
    const auto decoded = testing::decode(*dialect->decoder(), stream, 0);
    EXPECT_EQ(decoded.events, c.events) << c.file;
    EXPECT_EQ(decoded.end.substr(0, std::string_view(c.end).size()), c.end) << c.file;
  }
}

TEST(OpenAiStream, CountsThatAreNoCountsStayUnknown) {
  const auto dialect = open({});
  const auto decoded = testing::decode(
      *dialect->decoder(),
      "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":-1,"
      "\"completion_tokens\":\"3\",\"reasoning_tokens\":1.5,\"prompt_tokens_details\":[]}}\n\n",
      0);
  EXPECT_EQ(decoded.events, (Lines{"content: x", "finish: stop"}));
  EXPECT_EQ(decoded.end, "usage in=- cached=- out=- reasoning=-");
}

TEST(OpenAiRequest, Defaults) {
  const auto request = open({});
  EXPECT_EQ(body(*request), Json::parse(R"({"model":"some-model","max_tokens":2048,"temperature":0.0,"stream":true,
      "stream_options":{"include_usage":true},"messages":[{"role":"user","content":"1 + 1?"}]})"));
  CorpusItem item;
  item.id = "q1";
  const auto sent = request->request(item);
  EXPECT_EQ(sent.path, "/chat/completions");
  EXPECT_EQ(sent.headers,
            (std::vector<std::pair<std::string, std::string>>{
                {"Content-Type", "application/json"}, {"Accept", "text/event-stream"}, {"X-Query-Id", "q1"}}));
}

TEST(OpenAiRequest, EverythingThatCanBeSet) {
  const auto dialect =
      open(map({{"max_tokens", scalar("64")},
                {"temperature", scalar("0.5")},
                {"seed", scalar("7")},
                {"system", scalar("Be brief.")},
                {"headers", map({{"X-Team", scalar("a b")}, {"accept", scalar("*/*")}})},
                {"extra", map({{"top_k", scalar("5")},
                               {"top_p", scalar("1e-1")},
                               {"logprobs", scalar("false")},
                               {"stop", scalar("7", true)},
                               {"tag", scalar("v1.2")},
                               {"max_tokens", scalar("null")},
                               {"stream_options", map({{"continuous_usage_stats", scalar("true")}})}})}}));
  EXPECT_EQ(body(*dialect), Json::parse(R"({"model":"some-model","temperature":0.5,"seed":7,"stream":true,
      "stream_options":{"include_usage":true,"continuous_usage_stats":true},"top_k":5,"top_p":0.1,"logprobs":false,
      "stop":"7","tag":"v1.2",
      "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"1 + 1?"}]})"));
  CorpusItem item;
  item.id = "q1";
  EXPECT_EQ(dialect->request(item).headers,
            (std::vector<std::pair<std::string, std::string>>{
                {"X-Team", "a b"}, {"accept", "*/*"}, {"Content-Type", "application/json"}, {"X-Query-Id", "q1"}}));
}

TEST(OpenAiRequest, BypassesOnlyCachesOfServersThatAreKnown) {
  EXPECT_EQ(body(*open(map({{"server", scalar("llamacpp")}})))["cache_prompt"], false);
  EXPECT_TRUE(body(*open(map({{"server", scalar("sglang")}})))["extra_key"].is_string());
  EXPECT_FALSE(body(*open({})).contains("cache_prompt"));
  EXPECT_FALSE(body(*open({})).contains("cache_salt")) << "OpenAI refuses fields it does not know";
  const auto allow = open(map({{"server", scalar("vllm")}, {"prompt_cache", scalar("allow")}}));
  EXPECT_FALSE(body(*allow).contains("cache_salt"));

  const auto vllm = open(map({{"server", scalar("vllm")}}));
  const auto first = body(*vllm)["cache_salt"], second = body(*vllm)["cache_salt"];
  EXPECT_TRUE(first.is_string() && !first.get<std::string>().empty());
  EXPECT_NE(first, second) << "a panel that comes again would hit the cache";
}

TEST(OpenAiRequest, WhatIsRefusedAndWhere) {
  const struct {
    const char* name;
    OptionsNode request;
    const char* message;
  } cases[] = {
      {"range", map({{"temperature", scalar("3")}}), "ipw.yaml:8:5: `3` is out of range: 0 to 2"},
      {"messages", map({{"extra", map({{"messages", scalar("hi")}})}}),
       "ipw.yaml:8:5: `messages` is what the corpus gives"},
      {"extra", map({{"extra", scalar("hi")}}), "ipw.yaml:8:5: `extra` must be a map"},
      {"line break", map({{"headers", map({{"X-A", scalar("a\r\nX-B: b")}})}}), "ipw.yaml:8:5: `X-A` is not a header"},
      {"header name", map({{"headers", map({{"X A", scalar("a")}})}}), "ipw.yaml:8:5: `X A` is not a header"},
      {"server", map({{"server", scalar("vlm")}}), "ipw.yaml:8:5: unknown value `vlm`, did you mean `vllm`?"},
      {"key", map({{"max_token", scalar("1")}}), "ipw.yaml:9:3: unknown key `max_token`, did you mean `max_tokens`?"},
  };
  for (const auto& c : cases) {
    Options options("ipw.yaml", c.request);
    const auto dialect = (*dialects().find("openai"))("some-model", options);
    ASSERT_FALSE(dialect) << c.name;
    EXPECT_EQ(dialect.error().message.substr(0, std::string_view(c.message).size()), c.message) << c.name;
  }
}

}  // namespace
}  // namespace ipw::replay
