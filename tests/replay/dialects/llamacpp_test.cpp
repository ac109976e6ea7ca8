#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

TEST(LlamaCppStream, EveryWayToAnswer) {
  testing::expect_streams(
      "llamacpp", {
                      {"eos.sse",
                       {"content: The", "content:  answer", "content:  is (B).", "finish: stop"},
                       "usage in=16 cached=0 out=6 reasoning=-",
                       "prefill=0.04 decode=0.08"},
                      {"word.sse",
                       {"content: 7", "finish: stop"},
                       "usage in=16 cached=0 out=2 reasoning=-",
                       "prefill=0.04 decode=0.08"},
                      {"prompt_progress.sse",
                       {"content: 7", "finish: stop"},
                       "usage in=16 cached=0 out=2 reasoning=-",
                       "prefill=0.04 decode=0.08"},
                      {"timings_per_token.sse",
                       {"content: 7", "content: .", "finish: stop"},
                       "usage in=16 cached=0 out=3 reasoning=-",
                       "prefill=0.03125 decode=0.125"},
                      {"truncated.sse",
                       {"content: 7", "finish: length"},
                       "usage in=16 cached=8 out=2 reasoning=-",
                       "prefill=0.03125 decode=0.0625"},
                      {"stopped_by_nothing.sse",
                       {"content: 7", "finish: stop"},
                       "usage in=16 cached=0 out=1 reasoning=-",
                       "prefill=0.03125 decode=0.0625"},
                      {"old.sse",
                       {"content: 7", "finish: length"},
                       "usage in=16 cached=12 out=2 reasoning=-",
                       "prefill=0.01 decode=0.02"},
                      {"no_timings.sse", {"content: 7", "finish: stop"}, "usage in=16 cached=- out=2 reasoning=-"},
                      {"utf8.sse",
                       {"content: größe", "content:  漢字 🙂", "finish: stop"},
                       "usage in=16 cached=0 out=7 reasoning=-",
                       "prefill=0.04 decode=0.08"},
                  });
}

// Recorded from llama-server b11669 with a model of random weights, whose text is noise.
TEST(LlamaCppStream, RecordedOnes) {
  const auto dialect = open_dialect("llamacpp");
  const struct {
    const char* file;
    const char* end;
  } cases[] = {{"recorded_limit.sse", "usage in=33 cached=0 out=12 reasoning=-"},
               {"recorded_cached.sse", "usage in=33 cached=32 out=3 reasoning=-"},
               {"recorded_not_streamed.sse", "usage in=33 cached=0 out=3 reasoning=-"}};
  for (const auto& c : cases) {
    const auto stream = testing::read_file(testing::testdata() / "streams/llamacpp" / c.file);
    const auto decoded = testing::decode(*dialect->decoder(), stream, 0);
    EXPECT_EQ(decoded.end, c.end) << c.file;
    ASSERT_FALSE(decoded.events.empty()) << c.file;
    EXPECT_EQ(decoded.events.back(), "finish: length") << c.file;
    EXPECT_TRUE(decoded.times.starts_with("prefill=0.00")) << decoded.times;
  }
}

TEST(LlamaCppStream, EveryWayToFail) {
  testing::expect_streams(
      "llamacpp",
      {
          {"error.sse",
           {"content: The", "error: Context size has been exceeded."},
           "unavailable: the stream ended before"},
          {"cut_before_stop.sse", {"content: The", "content:  ans"}, "unavailable: the stream ended before the server"},
          {"cut_inside_event.sse", {"content: The"}, "unavailable: the stream ended in the middle of an event"},
          {"bad_json_event.sse", {"content: A"}, "invalid: an event of the stream is not a JSON object: {\"index\":0"},
          {"empty.sse", {}, "unavailable: the answer is empty"},
      });
}

TEST(LlamaCppRequest, Defaults) {
  const auto dialect = open_dialect("llamacpp");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"model":"some-model","n_predict":2048,"temperature":0.0,
      "cache_prompt":false,"stream":true,"prompt":"1 + 1?"})"));
  EXPECT_EQ(testing::ask_one_plus_one(*dialect).path, "/completion");
}

TEST(LlamaCppRequest, EverythingThatCanBeSet) {
  const auto dialect = open_dialect("llamacpp",
                                    "max_tokens: 64\ntemperature: 0.5\nseed: 7\nsystem: Be brief.\n"
                                    "template: '<s>{system}</s>{prompt}'\nprompt_cache: allow\n"
                                    "extra: {top_k: 1, model: null}");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"n_predict":64,"temperature":0.5,"seed":7,"cache_prompt":true,
      "stream":true,"top_k":1,"prompt":"<s>Be brief.</s>1 + 1?"})"));
}

}  // namespace
}  // namespace ipw::replay
