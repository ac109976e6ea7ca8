#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

TEST(SglangStream, EveryWayToAnswer) {
  testing::expect_streams(
      "sglang",
      {
          {"cumulative.sse",
           {"content:  The", "content:  answer", "content:  is (B).", "finish: stop"},
           "usage in=12 cached=0 out=6 reasoning=-",
           "total=0.213"},
          {"incremental.sse",
           {"content:  The", "content:  answer", "content:  is", "content:  is", "finish: stop"},
           "usage in=12 cached=0 out=5 reasoning=-",
           "total=0.213"},
          {"metrics.sse",
           {"content: 7", "content: .", "finish: length"},
           "usage in=12 cached=8 out=3 reasoning=1",
           "queue=0.125 decode=0.25 total=0.5"},
          {"reasoning.sse",
           {"content: <think>", "content: Two plus two.</think>", "content: 4", "finish: stop"},
           "usage in=12 cached=0 out=6 reasoning=4",
           "total=0.5"},
          {"stop_text_trimmed.sse",
           {"content: A", "content: \n\nQ", "finish: stop"},
           "usage in=12 cached=0 out=4 reasoning=-"},
          {"utf8.sse",
           {"content: größe", "content:  ", "content: 漢", "content: 字 🙂", "finish: stop"},
           "usage in=12 cached=0 out=9 reasoning=-"},
          {"missing_done.sse", {"content: 7", "finish: stop"}, "usage in=12 cached=0 out=2 reasoning=-"},
          {"no_usage.sse", {"content: 7", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
          {"not_streamed.sse", {"content: 9", "finish: stop"}, "usage in=7 cached=1 out=2 reasoning=-", "total=0.25"},
      });
}

TEST(SglangStream, EveryWayToFail) {
  testing::expect_streams(
      "sglang",
      {
          {"abort.sse", {"content: The", "error: Aborted by AbortReq."}, "usage in=12 cached=0 out=1"},
          {"abort_before_text.sse", {"error: The request queue is full."}, "usage in=12 cached=0 out=0"},
          {"error.sse",
           {"content: The", "error: The input (5000 tokens) is longer than the model's context length (4096 tokens)."},
           "usage"},
          {"cut_before_finish.sse", {"content: The", "content:  ans"}, "unavailable: the stream ended before"},
          {"cut_inside_event.sse", {"content: The"}, "unavailable: the stream ended in the middle of an event"},
          {"bad_json_event.sse", {"content: A"}, "invalid: an event of the stream is not a JSON object: {\"text\""},
          {"empty.sse", {}, "unavailable: the answer is empty"},
      });
}

TEST(SglangRequest, Defaults) {
  const auto dialect = open_dialect("sglang");
  auto body = body_of(*dialect);
  EXPECT_TRUE(body["extra_key"].is_string());
  EXPECT_NE(body["extra_key"], body_of(*dialect)["extra_key"]) << "a panel that comes again would hit the cache";
  body.erase("extra_key");
  EXPECT_EQ(body, json::parse(R"({"text":"1 + 1?","stream":true,
      "sampling_params":{"max_new_tokens":2048,"temperature":0.0}})"));
  EXPECT_EQ(testing::ask_one_plus_one(*dialect).path, "/generate");
}

TEST(SglangRequest, EverythingThatCanBeSet) {
  const auto dialect = open_dialect("sglang",
                                    "max_tokens: 64\ntemperature: 0.5\nseed: 7\nsystem: Be brief.\n"
                                    "template: '{system}|{prompt}'\nprompt_cache: allow\n"
                                    "extra: {sampling_params: {top_p: 0.9}}");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"text":"Be brief.|1 + 1?","stream":true,
      "sampling_params":{"max_new_tokens":64,"temperature":0.5,"sampling_seed":7,"top_p":0.9}})"));
  EXPECT_EQ(body_of(*open_dialect("sglang", "extra: {extra_key: mine}"))["extra_key"], "mine");
}

}  // namespace
}  // namespace ipw::replay
