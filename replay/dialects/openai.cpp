#include <atomic>
#include <nlohmann/json.hpp>
#include <random>

#include "replay/chat_decoder.hpp"
#include "replay/dialect.hpp"
#include "replay/header_text.hpp"
#include "replay/options_json.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;
using Headers = std::vector<std::pair<std::string, std::string>>;

// How to keep a server from answering a repeated prompt out of its cache. Only for servers that are known to have the
// switch: others refuse a request that holds a field they do not know.
enum class CacheBypass { none, vllm, llamacpp };

std::string random_word() {
  std::random_device device;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", static_cast<unsigned>(device()), static_cast<unsigned>(device()));
  return text;
}

class OpenAi final : public Dialect {
 public:
  OpenAi(Json body, std::string system, Headers headers, CacheBypass bypass)
      : body_(std::move(body)), system_(std::move(system)), headers_(std::move(headers)), bypass_(bypass) {}

  HttpRequest request(const CorpusItem& item) const override {
    Json body = body_;
    Json messages = Json::array();
    if (!system_.empty()) messages.push_back({{"role", "system"}, {"content", system_}});
    messages.push_back({{"role", "user"}, {"content", item.problem}});
    body["messages"] = std::move(messages);
    if (bypass_ == CacheBypass::llamacpp) body["cache_prompt"] = false;
    // A salt of its own for each request: the same panel comes again every cycle.
    if (bypass_ == CacheBypass::vllm) body["cache_salt"] = run_ + "-" + std::to_string(++salts_);

    HttpRequest request;
    request.path = "/chat/completions";
    request.headers = headers_;
    request.headers.emplace_back("X-Query-Id", percent_encoded(item.id));
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return request;
  }

  std::unique_ptr<StreamDecoder> decoder() const override { return std::make_unique<ChatDecoder>(); }

 private:
  Json body_;  // all but the messages
  std::string system_;
  Headers headers_;
  CacheBypass bypass_;
  std::string run_{random_word()};
  mutable std::atomic<std::uint64_t> salts_{0};
};

Json open_body(const std::string& model, Options& request) {
  Json body;
  body["model"] = model;
  body["max_tokens"] = request.integer("max_tokens", 2048, {1, 10'000'000});
  body["temperature"] = request.number("temperature", 0, {0, 2});
  if (request.has("seed")) body["seed"] = request.integer("seed", 0);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};

  const auto extra = request.raw("extra");
  if (extra.kind == OptionsNode::Kind::null) return body;
  const auto patch = Json::parse(to_json_text(extra));
  if (!patch.is_object())
    request.fail("extra", "`extra` must be a map of fields for the request's JSON body");
  else if (patch.contains("messages"))
    request.fail("extra", "`messages` is what the corpus gives: use `system` beside it");
  // RFC 7386: a null takes a field away, for servers that refuse one of ours (max_tokens, temperature).
  else
    body.merge_patch(patch);
  return body;
}

Headers open_headers(Options& request) {
  Headers headers = request.text_map("headers");
  for (const auto& [name, value] : headers)
    if (!is_header(name, value))
      request.fail("headers", "`" + name + "` is not a header: no line breaks, no spaces in its name");
  for (const auto& [name, value] : {std::pair{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}})
    if (!has_header(headers, name)) headers.emplace_back(name, value);
  return headers;
}

CacheBypass open_bypass(Options& request) {
  const bool bypass = request.one_of("prompt_cache", "bypass", {"bypass", "allow"}) == "bypass";
  const auto server = request.one_of("server", "other", {"vllm", "llamacpp", "other"});
  if (!bypass) return CacheBypass::none;
  return server == "vllm" ? CacheBypass::vllm : server == "llamacpp" ? CacheBypass::llamacpp : CacheBypass::none;
}

}  // namespace

Result<std::unique_ptr<Dialect>> open_openai(const std::string& model, Options& request);

// Keys: max_tokens, temperature, seed, system, headers, extra, prompt_cache, server.
Result<std::unique_ptr<Dialect>> open_openai(const std::string& model, Options& request) {
  auto body = open_body(model, request);
  auto system = request.text("system", "");
  auto headers = open_headers(request);
  const auto bypass = open_bypass(request);
  if (auto ok = request.finish(); !ok) return ok.error();
  return std::make_unique<OpenAi>(std::move(body), std::move(system), std::move(headers), bypass);
}

}  // namespace ipw::replay
