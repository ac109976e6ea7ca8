// Source: SGLang, docs/basic_usage/native_api and sampling_params; srt/managers/tokenizer_manager.py for `meta_info`.
#include <nlohmann/json.hpp>

#include "replay/cache_salt.hpp"
#include "replay/dialect.hpp"
#include "replay/message_decoder.hpp"
#include "replay/prompt_template.hpp"
#include "replay/request_form.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Kind = StreamEvent::Kind;

// Each message holds the whole text so far, or, where the server was started for it, only what is new. The first
// message that cannot be the one tells that it is the other.
class SglangReader final : public MessageReader {
 public:
  Result<void> read(JsonView message, AnswerParts& answer) override {
    if (message["index"].count().value_or(0) != 0) return {};
    const auto meta = message["meta_info"];
    auto text = message["text"].text();
    // The place of a character whose last bytes are to come.
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    while (!meta["finish_reason"] && text.ends_with(kReplacement)) text.remove_suffix(kReplacement.size());
    answer.add(Kind::content, news(text));
    auto& usage = answer.usage;
    AnswerParts::count(usage.input_tokens, meta["prompt_tokens"]);
    AnswerParts::count(usage.cached_tokens, meta["cached_tokens"]);
    AnswerParts::count(usage.output_tokens, meta["completion_tokens"]);
    AnswerParts::count(usage.reasoning_tokens, meta["reasoning_tokens"]);
    AnswerParts::time(answer.timings.queue, meta["queue_time"]);
    AnswerParts::time(answer.timings.total, meta["e2e_latency"]);
    // Tokens a second after the first one, where its metrics are on.
    const auto pace = meta["decode_throughput"].number();
    if (pace && *pace > 0 && usage.output_tokens.value_or(0) > 1)
      answer.timings.decode = Seconds{static_cast<double>(*usage.output_tokens - 1) / *pace};
    read_finish(meta["finish_reason"], answer);
    return {};
  }
  bool remembers_nothing() const override { return false; }

 private:
  std::string_view news(std::string_view text) {
    if (!incremental_ && text.starts_with(so_far_)) {
      const auto fresh = text.substr(so_far_.size());
      so_far_ += fresh;
      return fresh;
    }
    // A stop text that was found is taken off again.
    if (!incremental_ && so_far_.starts_with(text)) return {};
    incremental_ = true;
    return text;
  }

  static void read_finish(JsonView reason, AnswerParts& answer) {
    if (!reason) return;
    const auto type = reason.is_text() ? reason.text() : reason["type"].text();
    if (type != "abort") return answer.finish(type.empty() ? "stop" : type);
    const auto why = reason["message"].text();
    answer.add(Kind::error, why.empty() ? "the server ended the answer with finish_reason `abort`" : why);
    answer.finished = true;
  }

  std::string so_far_;
  bool incremental_{false};
};

class Sglang final : public Dialect {
 public:
  Sglang(RequestForm form, PromptTemplate text, bool bypass_cache)
      : form_(std::move(form)), text_(std::move(text)), bypass_cache_(bypass_cache) {}

  HttpRequest request(const CorpusItem& item) const override {
    std::vector<RequestForm::Field> fields{{"text", json_string(text_.fill(item.problem))}};
    if (bypass_cache_) fields.push_back({"extra_key", json_string(salt_.next())});
    return form_.fill(item, fields);
  }
  ServerPages pages() const override {
    return {.health = "/health", .models = {}, .metrics = "/metrics", .identity = {"/get_server_info"}};
  }
  std::unique_ptr<StreamDecoder> decoder() const override {
    return std::make_unique<MessageDecoder>(MessageDecoder::Framing::events, "an SGLang stream",
                                            std::make_unique<SglangReader>());
  }

 private:
  RequestForm form_;
  PromptTemplate text_;
  bool bypass_cache_;
  CacheSalt salt_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> open_sglang(const std::string& model, Options& request);

// Keys: max_tokens, temperature, seed, system, template, headers, extra, prompt_cache.
Result<std::unique_ptr<Dialect>> open_sglang(const std::string&, Options& request) {
  // It serves one model, which no request names.
  const auto generation = Generation::read(request);
  Json body;
  auto& sampling = body["sampling_params"];
  sampling["max_new_tokens"] = generation.max_tokens;
  sampling["temperature"] = generation.temperature;
  if (const auto seed = read_seed(request)) sampling["sampling_seed"] = *seed;
  body["stream"] = true;
  auto form =
      RequestForm::read(request, {.path = "/generate", .accept = "text/event-stream", .prompt = "text"}, body.dump());
  auto text = PromptTemplate::read(request, generation.system);
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<Sglang>(std::move(form), std::move(text), generation.bypass_cache);
}

}  // namespace ipw::replay
