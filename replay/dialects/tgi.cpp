// Source: Hugging Face Text Generation Inference, API reference, "/generate_stream"; router/src/lib.rs, StreamResponse.
#include <nlohmann/json.hpp>

#include "replay/dialect.hpp"
#include "replay/message_decoder.hpp"
#include "replay/prompt_template.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Kind = StreamEvent::Kind;

// One message a token; the last one holds the whole text again, and the details.
class TgiReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override {
    const auto token = message["token"], whole = message["generated_text"], details = message["details"];
    if (!token)
      answer.add(Kind::content, whole.text());
    else if (!token["special"].is_true())
      answer.add(Kind::content, token["text"].text());
    // Versions before 2.0 say `prompt_tokens`, or nothing.
    for (const auto* name : {"prompt_tokens", "input_length"})
      AnswerParts::count(answer.usage.input_tokens, details[name]);
    AnswerParts::count(answer.usage.output_tokens, details["generated_tokens"]);
    if (whole || details) answer.finish(details["finish_reason"].text() == "length" ? "length" : "stop");
    return {};
  }
};

class Tgi final : public Dialect {
 public:
  Tgi(RequestForm form, PromptTemplate text) : form_(std::move(form)), text_(std::move(text)) {}

  HttpRequest request(const CorpusItem& item) const override {
    return form_.fill(item, {{"inputs", json_string(text_.fill(item.problem))}});
  }
  ServerPages pages() const override {
    return {.health = "/health", .models = {}, .metrics = "/metrics", .identity = {"/info"}};
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, "a TGI stream",
                                            std::make_unique<TgiReader>());
  }

 private:
  RequestForm form_;
  PromptTemplate text_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> open_tgi(const std::string& model, Options& request);

// Keys: max_tokens, temperature, seed, system, template, headers, extra, prompt_cache.
Result<std::unique_ptr<Dialect>> open_tgi(const std::string&, Options& request) {
  // It serves one model, which no request names, and has no switch for its cache.
  const auto generation = Generation::read(request);
  Json body;
  auto& parameters = body["parameters"];
  parameters["max_new_tokens"] = generation.max_tokens;
  parameters["do_sample"] = generation.temperature > 0;
  if (generation.temperature > 0) parameters["temperature"] = generation.temperature;  // it refuses 0
  if (const auto seed = read_seed(request)) parameters["seed"] = *seed;
  parameters["details"] = true;
  parameters["return_full_text"] = false;
  auto form = RequestForm::read(
      request, {.path = "/generate_stream", .accept = "text/event-stream", .prompt = "inputs"}, body.dump());
  auto text = PromptTemplate::read(request, generation.system);
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<Tgi>(std::move(form), std::move(text));
}

}  // namespace ipw::replay
