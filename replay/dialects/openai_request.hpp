#pragma once

#include <memory>
#include <string>

#include "replay/dialect.hpp"

namespace ipw::replay {

// OpenAI's two ways to ask, which differ in how the prompt is told: as a chat, or as one text.
enum class OpenAiEndpoint { chat, text };

// Keys: max_tokens, temperature, seed, system, headers, extra, prompt_cache, server; for text also template.
Result<std::unique_ptr<Dialect>> open_openai_endpoint(OpenAiEndpoint endpoint, const std::string& model,
                                                      Options& request);

}  // namespace ipw::replay
