#pragma once

#include "replay/message_decoder.hpp"

namespace ipw::replay {

// Reads the answer to a chat or text completion as OpenAI, vLLM, llama.cpp, SGLang, LM Studio, the clouds and their
// imitators write it. The same thing stands in many places there:
// - reasoning under one of several names beside the content, in parts of it, or in blocks of its own;
// - usage in a message of its own, with the last token or with every token, in the message, its choice or `x_groq`;
// - the server's own times in `timings` (llama.cpp), `usage` (Groq), `time_info` (Cerebras), `perf_metrics`
//   (Fireworks) or `stats` (LM Studio).
class ChatReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override;
};

}  // namespace ipw::replay
