#include "replay/dialects/openai_request.hpp"

#include <nlohmann/json.hpp>

#include "replay/cache_salt.hpp"
#include "replay/chat_reader.hpp"
#include "replay/prompt_template.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;

// How to keep a server from answering a repeated prompt out of its cache. Only for servers that are known to have the
// switch: others refuse a request that holds a field they do not know.
struct CacheBypass {
  std::string_view salt;  // the field that takes one, where there is one
  std::string_view off;   // the field that is false for "do not look"
};

CacheBypass read_bypass(Options& request, bool wanted) {
  const auto server = request.one_of("server", "other", {"vllm", "llamacpp", "sglang", "other"});
  if (!wanted) return {};
  if (server == "vllm") return {.salt = "cache_salt", .off = {}};
  if (server == "sglang") return {.salt = "extra_key", .off = {}};
  if (server == "llamacpp") return {.salt = {}, .off = "cache_prompt"};
  return {};
}

class OpenAi final : public Dialect {
 public:
  OpenAi(RequestForm form, std::optional<PromptTemplate> text, std::string system, CacheBypass bypass)
      : form_(std::move(form)), text_(std::move(text)), system_(std::move(system)), bypass_(bypass) {}

  HttpRequest request(const CorpusItem& item) const override {
    std::vector<RequestForm::Field> fields;
    if (!bypass_.off.empty()) fields.push_back({bypass_.off, "false"});
    if (!bypass_.salt.empty()) fields.push_back({bypass_.salt, json_string(salt_.next())});
    if (text_)
      fields.push_back({"prompt", json_string(text_->fill(item.problem))});
    else
      fields.push_back({"messages", chat_messages(system_, item.problem)});
    return form_.fill(item, fields);
  }

  ServerPages pages() const override {
    return {.health = "/health",
            .models = "/v1/models",
            .metrics = "/metrics",
            .identity = {"/version", "/props", "/v1/models"}};
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    const auto* what = text_ ? "a text completion" : "a chat completion";
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, what, std::make_unique<ChatReader>());
  }

 private:
  RequestForm form_;
  std::optional<PromptTemplate> text_;  // for the text endpoint
  std::string system_;
  CacheBypass bypass_;
  CacheSalt salt_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> open_openai_endpoint(OpenAiEndpoint endpoint, const std::string& model,
                                                      Options& request) {
  const auto generation = Generation::read(request);
  Json body;
  body["model"] = model;
  body["max_tokens"] = generation.max_tokens;
  body["temperature"] = generation.temperature;
  if (const auto seed = read_seed(request)) body["seed"] = *seed;
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};

  const bool chat = endpoint == OpenAiEndpoint::chat;
  const RequestForm::Shape shape{.path = chat ? "/chat/completions" : "/completions",
                                 .accept = "text/event-stream",
                                 .prompt = chat ? "messages" : "prompt"};
  auto form = RequestForm::read(request, shape, body.dump());
  std::optional<PromptTemplate> text;
  if (!chat) text = PromptTemplate::read(request, generation.system);
  const auto bypass = read_bypass(request, generation.bypass_cache);
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<OpenAi>(std::move(form), std::move(text), generation.system, bypass);
}

}  // namespace ipw::replay
