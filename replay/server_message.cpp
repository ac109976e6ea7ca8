#include "replay/server_message.hpp"

#include <nlohmann/json.hpp>

#include "replay/excerpt.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;

std::string words(const Json& value) {
  const auto text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return excerpt(text);
}

}  // namespace

std::optional<std::string> error_message(std::string_view json) {
  const auto message = Json::parse(json, nullptr, false);
  if (!message.is_object()) return std::nullopt;
  if (const auto error = message.find("error"); error != message.end() && !error->is_null()) {
    const auto text = error->is_object() ? error->find("message") : error->end();
    return words(error->is_object() && text != error->end() ? *text : *error);
  }
  if (message.contains("choices")) return std::nullopt;
  for (const auto* name : {"message", "detail"})
    if (const auto text = message.find(name); text != message.end() && !text->is_null()) return words(*text);
  return std::nullopt;
}

std::string server_message(std::string_view body) {
  if (auto message = error_message(body)) return *message;
  return excerpt(body);
}

}  // namespace ipw::replay
