#include "replay/request_form.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "replay/header_text.hpp"
#include "replay/options_json.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void merge_extra(Options& request, std::string_view prompt, Json& body) {
  const auto extra = request.raw("extra");
  if (extra.kind == OptionsNode::Kind::null) return;
  const auto patch = Json::parse(to_json_text(extra));
  if (!patch.is_object())
    request.fail("extra", "`extra` must be a map of fields for the request's JSON body");
  else if (patch.contains(prompt))
    request.fail("extra", "`" + std::string(prompt) + "` is what the corpus gives: use `system` beside it");
  else
    body.merge_patch(patch);
}

}  // namespace

Generation Generation::read(Options& request, double max_temperature) {
  Generation generation;
  generation.max_tokens = request.integer("max_tokens", generation.max_tokens, {1, 10'000'000});
  generation.temperature = request.number("temperature", generation.temperature, {0, max_temperature});
  generation.system = request.text("system", "");
  generation.bypass_cache = request.one_of("prompt_cache", "bypass", {"bypass", "allow"}) == "bypass";
  return generation;
}

std::optional<std::int64_t> read_seed(Options& request) {
  if (!request.has("seed")) return std::nullopt;
  return request.integer("seed", 0);
}

RequestForm RequestForm::read(Options& request, Shape shape, std::string_view body) {
  RequestForm form;
  form.path_ = shape.path;
  form.headers_ = request.text_map("headers");
  for (const auto& [name, value] : form.headers_)
    if (!is_header(name, value))
      request.fail("headers", "`" + name + "` is not a header: no line breaks, no spaces in its name");
  shape.headers.insert(shape.headers.begin(),
                       {{"Content-Type", "application/json"}, {"Accept", std::string(shape.accept)}});
  for (auto& [name, value] : shape.headers)
    if (!has_header(form.headers_, name)) form.headers_.emplace_back(std::move(name), std::move(value));

  auto whole = Json::parse(body);
  merge_extra(request, shape.prompt, whole);
  for (const auto& [name, value] : whole.items()) form.fixed_.push_back(name);
  form.body_ = to_text(whole);
  form.body_.pop_back();
  return form;
}

HttpRequest RequestForm::fill(const CorpusItem& item, const std::vector<Field>& fields) const {
  HttpRequest request;
  request.path = path_;
  request.headers = headers_;
  request.headers.emplace_back("X-Query-Id", percent_encoded(item.id));
  request.body = body_;
  for (const auto& [name, json] : fields) {
    if (std::ranges::find(fixed_, name) != fixed_.end()) continue;
    if (request.body.size() > 1) request.body += ',';
    request.body += json_string(name) + ':' + json;
  }
  request.body += '}';
  return request;
}

std::string chat_messages(std::string_view system, std::string_view problem) {
  std::string messages = "[";
  if (!system.empty()) messages += R"({"role":"system","content":)" + json_string(system) + "},";
  return messages + R"({"role":"user","content":)" + json_string(problem) + "}]";
}

std::string json_string(std::string_view text) {
  return to_text(Json(text));
}

}  // namespace ipw::replay
