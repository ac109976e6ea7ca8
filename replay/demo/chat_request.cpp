#include "replay/demo/chat_request.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "replay/demo/tokens.hpp"

namespace ipw::replay::demo {
namespace {

using nlohmann::json;

Error invalid(const char* message) {
  return {Errc::invalid, message};
}

// The text of a message: its content, or the text parts of it joined.
std::string text_of(const json& message) {
  const auto content = message.find("content");
  if (content == message.end()) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string all;
  if (!content->is_array()) return all;
  for (const auto& part : *content)
    if (part.is_object() && part.contains("text") && part["text"].is_string())
      all += part["text"].get_ref<const std::string&>();
  return all;
}

bool flag(const json& object, const char* name) {
  const auto field = object.find(name);
  return field != object.end() && field->is_boolean() && field->get<bool>();
}

Result<void> read_messages(const json& body, ChatRequest& request) {
  const auto messages = body.find("messages");
  if (messages == body.end() || !messages->is_array() || messages->empty())
    return invalid("`messages` must be a list of at least one message");
  for (const auto& message : *messages) {
    if (!message.is_object()) return invalid("every message must be an object");
    const auto role = message.find("role");
    if (role == message.end() || !role->is_string()) return invalid("every message needs a `role`");
    auto text = text_of(message);
    request.prompt_tokens += count_tokens(text);
    if (*role == "user") request.problem = std::move(text);
  }
  return {};
}

Result<void> read_max_tokens(const json& body, ChatRequest& request) {
  for (const char* name : {"max_completion_tokens", "max_tokens"}) {
    const auto field = body.find(name);
    if (field == body.end() || field->is_null()) continue;
    if (!field->is_number_integer() || field->get<std::int64_t>() < 1)
      return invalid("the token limit must be a whole number of at least 1");
    request.max_tokens = field->get<std::int64_t>();
    return {};
  }
  return {};
}

}  // namespace

Result<ChatRequest> ChatRequest::parse(std::string_view text) {
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) return invalid("the body must be a JSON object");
  ChatRequest request;
  const auto model = body.find("model");
  if (model == body.end() || !model->is_string()) return invalid("`model` must be a text");
  request.model = model->get<std::string>();
  if (auto ok = read_messages(body, request); !ok) return ok.error();
  if (auto ok = read_max_tokens(body, request); !ok) return ok.error();
  request.stream = flag(body, "stream");
  const auto look = body.find("cache_prompt");
  request.forbids_cache =
      body.contains("cache_salt") || body.contains("extra_key") || (look != body.end() && *look == false);
  const auto options = body.find("stream_options");
  request.include_usage = options != body.end() && options->is_object() && flag(*options, "include_usage");
  return request;
}

std::string error_json(std::string_view message, std::string_view type, std::string_view code) {
  const json error{{"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}}}};
  return error.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char* digits = text.data() + i + 1;
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      plain += static_cast<char>(byte);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace ipw::replay::demo
