// Source: Ollama, docs/api.md, "Generate a chat completion".
#include <cmath>
#include <nlohmann/json.hpp>

#include "replay/dialect.hpp"
#include "replay/message_decoder.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Kind = StreamEvent::Kind;

class OllamaReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override {
    const auto said = message["message"];
    answer.add(Kind::reasoning, said["thinking"].text());
    answer.add(Kind::content, said["content"].text());
    const auto calls = said["tool_calls"];
    for (std::size_t i = 0; i < calls.size(); ++i) read_call(calls.item(i)["function"], answer);
    if (message["done"].is_true()) read_end(message, answer);
    return {};
  }

 private:
  static void read_call(JsonView call, AnswerParts& answer) {
    answer.add(Kind::tool_call, call["name"].text());
    answer.add(Kind::tool_call, call["arguments"].json());
  }

  // Ollama leaves out every count that is 0: that of a prompt that came from its cache, in older versions.
  static void read_end(JsonView message, AnswerParts& answer) {
    AnswerParts::count(answer.usage.input_tokens, message["prompt_eval_count"]);
    // A part of it, which newer versions tell.
    AnswerParts::count(answer.usage.cached_tokens, message["prompt_eval_cached_count"]);
    AnswerParts::count(answer.usage.output_tokens, message["eval_count"]);
    constexpr double kNanoseconds = 1e9;
    AnswerParts::time(answer.timings.load, message["load_duration"], kNanoseconds);
    AnswerParts::time(answer.timings.prefill, message["prompt_eval_duration"], kNanoseconds);
    AnswerParts::time(answer.timings.decode, message["eval_duration"], kNanoseconds);
    AnswerParts::time(answer.timings.total, message["total_duration"], kNanoseconds);
    const auto reason = message["done_reason"].text();
    answer.finish(reason.empty() ? "stop" : reason);
  }
};

class Ollama final : public Dialect {
 public:
  Ollama(RequestForm form, std::string system) : form_(std::move(form)), system_(std::move(system)) {}

  HttpRequest request(const CorpusItem& item) const override {
    return form_.fill(item, {{"messages", chat_messages(system_, item.problem)}});
  }
  ServerPages pages() const override {
    return {.health = "/api/version", .models = "/api/tags", .metrics = {}, .identity = {"/api/version", "/api/tags"}};
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::lines, "an Ollama chat",
                                            std::make_unique<OllamaReader>());
  }

 private:
  RequestForm form_;
  std::string system_;
};

Json open_body(const std::string& model, const Generation& generation, Options& request) {
  Json body;
  body["model"] = model;
  body["stream"] = true;
  body["options"] = {{"num_predict", generation.max_tokens}, {"temperature", generation.temperature}};
  if (const auto seed = read_seed(request)) body["options"]["seed"] = *seed;
  if (request.has("think")) {
    const auto think = request.one_of("think", "true", {"true", "false", "low", "medium", "high"});
    body["think"] = think == "true" ? Json(true) : think == "false" ? Json(false) : Json(think);
  }
  if (request.has("keep_alive"))
    body["keep_alive"] = std::to_string(std::llround(request.duration("keep_alive", Seconds{300}).value)) + "s";
  return body;
}

}  // namespace

Result<std::unique_ptr<Dialect>> open_ollama(const std::string& model, Options& request);

// Keys: max_tokens, temperature, seed, system, headers, extra, prompt_cache, think, keep_alive.
Result<std::unique_ptr<Dialect>> open_ollama(const std::string& model, Options& request) {
  // There is no switch for its cache: `prompt_cache` is accepted, as everywhere, and changes nothing.
  const auto generation = Generation::read(request);
  const auto body = open_body(model, generation, request);
  auto form = RequestForm::read(request, {.path = "/api/chat", .accept = "application/x-ndjson", .prompt = "messages"},
                                body.dump());
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<Ollama>(std::move(form), generation.system);
}

}  // namespace ipw::replay
