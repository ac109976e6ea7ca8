#include "replay/dialect.hpp"

// One row per file of dialects/: name in the configuration, what it speaks.
#define IPW_DIALECTS(X)                                                                                       \
  X(openai, "OpenAI chat completions: OpenAI, vLLM, llama.cpp, SGLang, LM Studio and whatever imitates them") \
  X(openai_completions, "OpenAI text completions, for models without a chat template")                        \
  X(ollama, "Ollama's own chat, with its thinking and its times")                                             \
  X(llamacpp, "llama.cpp's own completion, with its times")                                                   \
  X(sglang, "SGLang's own generate")                                                                          \
  X(tgi, "Hugging Face Text Generation Inference's own generate")                                             \
  X(anthropic, "Anthropic messages: Anthropic, and llama.cpp and vLLM which imitate it")

namespace ipw::replay {

#define X(name, summary) Result<std::unique_ptr<Dialect>> open_##name(const std::string& model, Options& request);
IPW_DIALECTS(X)
#undef X

const Catalog<OpenDialect>& dialects() {
#define X(name, summary) {#name, &open_##name, summary},
  static constexpr CatalogEntry<OpenDialect> kEntries[] = {IPW_DIALECTS(X)};
#undef X
  static const Catalog<OpenDialect> catalog("dialect", kEntries);
  return catalog;
}

}  // namespace ipw::replay
