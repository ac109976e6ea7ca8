#pragma once

#include "replay/message_decoder.hpp"

namespace ipw::replay {

// Reads llama.cpp's `timings`, which its native and its OpenAI endpoints share: milliseconds of reading and generating,
// and how many prompt tokens came from the cache. Source: llama.cpp, tools/server/README.md, "Result JSON".
void read_llamacpp_timings(JsonView timings, AnswerParts& answer);

}  // namespace ipw::replay
