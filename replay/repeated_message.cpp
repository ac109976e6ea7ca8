#include "replay/repeated_message.hpp"

#include <algorithm>

namespace ipw::replay {
namespace {

// What stands in a JSON string as itself.
bool is_plain(char c) {
  return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace

// A message without escapes that holds the quoted text only once holds it as the member that it was read from.
void RepeatedMessage::learn(std::string_view message, const StreamEvent& event) {
  forget();
  if (event.kind != StreamEvent::Kind::content && event.kind != StreamEvent::Kind::reasoning) return;
  if (message.find('\\') != std::string_view::npos) return;
  const auto quoted = '"' + event.text + '"';
  const auto place = message.find(quoted);
  if (place == std::string_view::npos || message.find(quoted, place + 1) != std::string_view::npos) return;
  before_ = message.substr(0, place + 1);
  after_ = message.substr(place + quoted.size() - 1);
  kind_ = event.kind;
}

std::optional<std::string_view> RepeatedMessage::text_of(std::string_view message) const {
  if (after_.empty() || message.size() <= before_.size() + after_.size()) return std::nullopt;
  if (!message.starts_with(before_) || !message.ends_with(after_)) return std::nullopt;
  const auto text = message.substr(before_.size(), message.size() - before_.size() - after_.size());
  if (!std::ranges::all_of(text, is_plain)) return std::nullopt;
  return text;
}

}  // namespace ipw::replay
