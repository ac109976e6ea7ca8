#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ipw::replay {

// What speaks against a model in a server's list of what it serves (OpenAI's `data[].id`, Ollama's `models[].name`):
// one sentence that says what there is. Nothing where the model is in it, where this is no such list, and where the
// server says that it is one which takes any name (llama.cpp, SGLang). Ollama's `:latest` may be left out.
std::optional<std::string> missing_model(std::string_view page, std::string_view model);

}  // namespace ipw::replay
