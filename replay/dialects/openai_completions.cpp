#include "replay/dialects/openai_request.hpp"

namespace ipw::replay {

Result<std::unique_ptr<Dialect>> open_openai_completions(const std::string& model, Options& request);

Result<std::unique_ptr<Dialect>> open_openai_completions(const std::string& model, Options& request) {
  return open_openai_endpoint(OpenAiEndpoint::text, model, request);
}

}  // namespace ipw::replay
