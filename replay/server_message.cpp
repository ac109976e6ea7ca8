#include "replay/server_message.hpp"

#include "replay/excerpt.hpp"

namespace ipw::replay {
namespace {

std::string words(JsonView value) {
  return excerpt(value.is_text() ? std::string(value.text()) : value.json());
}

}  // namespace

std::optional<std::string> error_message(JsonView message) {
  if (const auto error = message["error"]) {
    const auto text = error["message"];
    return words(text ? text : error);
  }
  if (message["choices"]) return std::nullopt;
  for (const auto* name : {"message", "detail"})
    if (const auto text = message[name]) return words(text);
  return std::nullopt;
}

std::string server_message(std::string_view body) {
  if (auto message = error_message(JsonDocument(body).root())) return *message;
  return excerpt(body);
}

}  // namespace ipw::replay
