// Source: llama.cpp, tools/server/README.md, "POST /completion".
#include "replay/llamacpp_timings.hpp"

#include <nlohmann/json.hpp>

#include "replay/dialect.hpp"
#include "replay/prompt_template.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;

class LlamaCppReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override {
    answer.add(StreamEvent::Kind::content, message["content"].text());
    AnswerParts::count(answer.usage.input_tokens, message["tokens_evaluated"]);
    AnswerParts::count(answer.usage.output_tokens, message["tokens_predicted"]);
    if (!message["stop"].is_true()) return {};
    // `tokens_cached` is what its cache holds now, not what came from there.
    const auto whole = message["tokens_evaluated"].count(), read = message["timings"]["prompt_n"].count();
    if (whole && read && *read <= *whole) answer.usage.cached_tokens = *whole - *read;
    read_llamacpp_timings(message["timings"], answer);
    const bool limit = message["stop_type"].text() == "limit" || message["stopped_limit"].is_true();
    answer.finish(limit ? "length" : "stop");
    return {};
  }
};

class LlamaCpp final : public Dialect {
 public:
  LlamaCpp(RequestForm form, PromptTemplate text) : form_(std::move(form)), text_(std::move(text)) {}

  HttpRequest request(const CorpusItem& item) const override {
    return form_.fill(item, {{"prompt", json_string(text_.fill(item.problem))}});
  }
  ServerPages pages() const override {
    return {.health = "/health", .models = {}, .metrics = "/metrics", .identity = {"/props", "/v1/models"}};
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, "a llama.cpp completion",
                                            std::make_unique<LlamaCppReader>());
  }

 private:
  RequestForm form_;
  PromptTemplate text_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> open_llamacpp(const std::string& model, Options& request);

// Keys: max_tokens, temperature, seed, system, template, headers, extra, prompt_cache.
Result<std::unique_ptr<Dialect>> open_llamacpp(const std::string& model, Options& request) {
  const auto generation = Generation::read(request);
  Json body;
  body["model"] = model;  // only its router reads it
  body["n_predict"] = generation.max_tokens;
  body["temperature"] = generation.temperature;
  if (const auto seed = read_seed(request)) body["seed"] = *seed;
  body["cache_prompt"] = !generation.bypass_cache;
  body["stream"] = true;
  auto form = RequestForm::read(request, {.path = "/completion", .accept = "text/event-stream", .prompt = "prompt"},
                                body.dump());
  auto text = PromptTemplate::read(request, generation.system);
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<LlamaCpp>(std::move(form), std::move(text));
}

}  // namespace ipw::replay
