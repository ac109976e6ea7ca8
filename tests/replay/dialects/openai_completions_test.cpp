#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

TEST(OpenAiCompletionsStream, EveryWay) {
  testing::expect_streams(
      "openai_completions",
      {
          {"vllm.sse",
           {"content:  The answer", "content:  is (B).", "finish: stop"},
           "usage in=19 cached=16 out=5 reasoning=-"},
          {"vllm_continuous_usage.sse",
           {"content:  The", "content:  answer", "content:  is (B).", "finish: stop"},
           "usage in=19 cached=0 out=6 reasoning=-"},
          {"length.sse",
           {"content:  Let me", "content:  think", "finish: length"},
           "usage in=19 cached=- out=4 reasoning=-"},
          {"utf8.sse",
           {"content: größe", "content:  漢字 🙂", "finish: stop"},
           "usage in=- cached=- out=- reasoning=-"},
          {"no_usage_no_done.sse", {"content:  7", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
          {"not_streamed.sse", {"content:  9", "finish: stop"}, "usage in=7 cached=- out=2 reasoning=-"},
          {"vllm_error.sse",
           {"content:  The", "error: EngineCore encountered an issue. See stack trace (above) for the root cause."},
           "usage"},
          {"cut_before_finish.sse", {"content:  The"}, "unavailable: the stream ended before the server said"},
      });
}

// From llama-server b11669 with a model of random weights, whose text is noise.
TEST(OpenAiCompletionsStream, RecordedFromLlamaCpp) {
  const auto stream = testing::read_file(testing::testdata() / "streams/openai_completions/llamacpp_recorded.sse");
  const auto decoded = testing::decode(*open_dialect("openai_completions")->decoder(), stream, 0);
  EXPECT_EQ(decoded.end, "usage in=33 cached=32 out=6 reasoning=-");
  EXPECT_EQ(decoded.events.back(), "finish: length");
  EXPECT_TRUE(decoded.times.starts_with("prefill=0.00")) << decoded.times;
}

TEST(OpenAiCompletionsRequest, Defaults) {
  const auto dialect = open_dialect("openai_completions");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"model":"some-model","max_tokens":2048,"temperature":0.0,"stream":true,
      "stream_options":{"include_usage":true},"prompt":"1 + 1?"})"));
  EXPECT_EQ(testing::ask_one_plus_one(*dialect).path, "/completions");
}

TEST(OpenAiCompletionsRequest, SystemTemplateAndCache) {
  const auto dialect =
      open_dialect("openai_completions", "system: Be brief.\ntemplate: '{system}|{prompt}|'\nserver: vllm");
  const auto body = body_of(*dialect);
  EXPECT_EQ(body["prompt"], "Be brief.|1 + 1?|");
  EXPECT_NE(body["cache_salt"], body_of(*dialect)["cache_salt"]);
  const auto prompt = testing::try_dialect("openai_completions", "extra: {prompt: hi}");
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().message.substr(0, 50), "test.yaml:1:8: `prompt` is what the corpus gives: ");
}

}  // namespace
}  // namespace ipw::replay
