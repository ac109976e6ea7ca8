#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ipw::replay {

// What a server says of what it runs, by name: `engine_version`, `model_digest`, `model_path`, `model_bytes`,
// `parameters`, `quantization`, `dtype`, `chat_template` (its digest). What it does not say is not there.
using ServerIdentity = std::map<std::string, std::string>;

// Adds what one of a server's pages says. A page of another shape says nothing.
// Sources: llama.cpp tools/server/README.md (GET /props, /v1/models), Ollama docs/api.md (/api/version, /api/tags),
// vLLM and SGLang's OpenAPI pages (/version, /v1/models, /get_server_info), TGI's (/info).
void read_identity(std::string_view page, std::string_view model, ServerIdentity& identity);

}  // namespace ipw::replay
