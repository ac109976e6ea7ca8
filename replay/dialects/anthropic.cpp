// Source: Anthropic, "Streaming Messages" and "Messages" of the API reference. llama.cpp and vLLM speak it too.
#include <nlohmann/json.hpp>

#include "replay/dialect.hpp"
#include "replay/message_decoder.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Kind = StreamEvent::Kind;

// A message is a list of blocks; each begins, grows by deltas, and ends. Other events (ping, those to come) say
// nothing.
class AnthropicReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override {
    const auto type = message["type"].text();
    if (type == "message_start") {
      read_usage(message["message"]["usage"], answer.usage);
    } else if (type == "content_block_start") {
      read_block(message["content_block"], answer);
    } else if (type == "content_block_delta") {
      read_delta(message["delta"], answer);
    } else if (type == "message_delta") {
      read_usage(message["usage"], answer.usage);
      read_stop(message["delta"]["stop_reason"].text(), answer);
    } else if (type == "message_stop") {
      answer.finished = true;
    } else if (type == "message") {
      read_whole(message, answer);
    }
    return {};
  }

 private:
  static void read_block(JsonView block, AnswerParts& answer) {
    answer.add(Kind::reasoning, block["thinking"].text());
    answer.add(Kind::content, block["text"].text());
    answer.add(Kind::tool_call, block["name"].text());
  }

  static void read_delta(JsonView delta, AnswerParts& answer) {
    answer.add(Kind::reasoning, delta["thinking"].text());
    answer.add(Kind::content, delta["text"].text());
    answer.add(Kind::tool_call, delta["partial_json"].text());
  }

  static void read_stop(std::string_view reason, AnswerParts& answer) {
    if (reason.empty()) return;
    const bool limit = reason == "max_tokens" || reason == "model_context_window_exceeded";
    answer.finish(limit ? "length" : reason);
  }

  // One object, where the server does not stream.
  void read_whole(JsonView message, AnswerParts& answer) {
    read_usage(message["usage"], answer.usage);
    const auto blocks = message["content"];
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      read_block(blocks.item(i), answer);
      answer.add(Kind::tool_call, blocks.item(i)["input"].json());
    }
    read_stop(message["stop_reason"].text(), answer);
  }

  // The prompt is stated in three parts that do not overlap. Each event restates what it knows by then.
  void read_usage(JsonView stated, Usage& usage) {
    AnswerParts::count(uncached_, stated["input_tokens"]);
    AnswerParts::count(stored_, stated["cache_creation_input_tokens"]);
    AnswerParts::count(usage.cached_tokens, stated["cache_read_input_tokens"]);
    AnswerParts::count(usage.output_tokens, stated["output_tokens"]);
    if (uncached_) usage.input_tokens = *uncached_ + stored_.value_or(0) + usage.cached_tokens.value_or(0);
  }

  std::optional<std::int64_t> uncached_, stored_;
};

class Anthropic final : public Dialect {
 public:
  explicit Anthropic(RequestForm form) : form_(std::move(form)) {}

  HttpRequest request(const CorpusItem& item) const override {
    return form_.fill(item, {{"messages", chat_messages({}, item.problem)}});
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, "a message of the Anthropic API",
                                            std::make_unique<AnthropicReader>());
  }
  std::pair<std::string, std::string> credential(const std::string& key) const override { return {"x-api-key", key}; }

 private:
  RequestForm form_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> open_anthropic(const std::string& model, Options& request);

// Keys: max_tokens, temperature, system, headers, extra, prompt_cache.
Result<std::unique_ptr<Dialect>> open_anthropic(const std::string& model, Options& request) {
  // It caches only what a request marks for it (`cache_control`), and we mark nothing. llama-server caches all the
  // same, and reads no switch for it here.
  const auto generation = Generation::read(request, 1);
  Json body;
  body["model"] = model;
  body["max_tokens"] = generation.max_tokens;
  body["temperature"] = generation.temperature;
  if (!generation.system.empty()) body["system"] = generation.system;
  body["stream"] = true;
  auto form = RequestForm::read(request,
                                {.path = "/v1/messages",
                                 .accept = "text/event-stream",
                                 .prompt = "messages",
                                 .headers = {{"anthropic-version", "2023-06-01"}}},
                                body.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<Anthropic>(std::move(form));
}

}  // namespace ipw::replay
