#include <gtest/gtest.h>

#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::open_dialect;

TEST(TgiStream, EveryWayToAnswer) {
  testing::expect_streams(
      "tgi",
      {
          {"eos.sse",
           {"content: The", "content:  answer", "content:  is (B).", "finish: stop"},
           "usage in=17 cached=- out=4 reasoning=-"},
          {"length.sse", {"content: Let", "content:  me", "finish: length"}, "usage in=17 cached=- out=2 reasoning=-"},
          {"stop_sequence.sse",
           {"content: A", "content: \n\n", "finish: stop"},
           "usage in=17 cached=- out=2 reasoning=-"},
          {"utf8.sse",
           {"content: größe", "content:  漢字 🙂", "finish: stop"},
           "usage in=17 cached=- out=5 reasoning=-"},
          {"old_without_input_length.sse", {"content: 7", "finish: stop"}, "usage in=- cached=- out=2 reasoning=-"},
          {"without_details.sse", {"content: 7", "finish: stop"}, "usage in=- cached=- out=- reasoning=-"},
          {"comments.sse", {"content: 7", "finish: stop"}, "usage in=17 cached=- out=2 reasoning=-"},
          {"no_text.sse", {"finish: stop"}, "usage in=17 cached=- out=1 reasoning=-"},
          {"not_streamed.sse", {"content: 9", "finish: stop"}, "usage in=- cached=- out=2 reasoning=-"},
      });
}

TEST(TgiStream, EveryWayToFail) {
  testing::expect_streams(
      "tgi", {
                 {"error.sse",
                  {"content: The", "error: Request failed during generation: Server error: CUDA out of memory"},
                  "unavailable: the stream ended before"},
                 {"overloaded.sse", {"error: Model is overloaded"}, "unavailable: the stream ended before"},
                 {"not_streamed_error.sse",
                  {"error: Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"},
                  "usage"},
                 {"cut_before_end.sse", {"content: The", "content:  ans"}, "unavailable: the stream ended before"},
                 {"cut_inside_event.sse", {"content: The"}, "unavailable: the stream ended in the middle of an event"},
                 {"empty.sse", {}, "unavailable: the answer is empty"},
             });
}

TEST(TgiRequest, Defaults) {
  const auto dialect = open_dialect("tgi");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"inputs":"1 + 1?","parameters":{"max_new_tokens":2048,
      "do_sample":false,"details":true,"return_full_text":false}})"));
  EXPECT_EQ(testing::ask_one_plus_one(*dialect).path, "/generate_stream");
}

TEST(TgiRequest, EverythingThatCanBeSet) {
  const auto dialect = open_dialect("tgi",
                                    "max_tokens: 64\ntemperature: 0.5\nseed: 7\nsystem: Be brief.\n"
                                    "template: '{system}|{prompt}'\nextra: {parameters: {top_p: 0.9, details: null}}");
  EXPECT_EQ(body_of(*dialect), json::parse(R"({"inputs":"Be brief.|1 + 1?","parameters":{"max_new_tokens":64,
      "do_sample":true,"temperature":0.5,"seed":7,"return_full_text":false,"top_p":0.9}})"));
}

}  // namespace
}  // namespace ipw::replay
