#include "exporter/config_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace ipw {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool is_variable_name(std::string_view name) {
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

Result<std::string> expanded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto dollar = text.find("${");
    if (dollar == std::string_view::npos) return out + std::string(text);
    if (dollar > 0 && text[dollar - 1] == '$') {
      out += std::string(text.substr(0, dollar - 1)) + "${";
      text.remove_prefix(dollar + 2);
      continue;
    }
    const auto close = text.find('}', dollar);
    const std::string name(text.substr(dollar + 2, close == std::string_view::npos ? close : close - dollar - 2));
    if (close == std::string_view::npos || !is_variable_name(name))
      return Error{Errc::invalid, "expected ${NAME} of an environment variable (write $${ for ${ itself)"};
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
      return Error{Errc::invalid, "environment variable `" + name + "` is not set (write $${ for ${ itself)"};
    out += std::string(text.substr(0, dollar)) + value;
    text.remove_prefix(close + 1);
  }
  return out;
}

bool hides(std::string_view key) {
  constexpr std::string_view kSecrets[] = {"headers", "password", "secret", "token", "api_key", "authorization"};
  return std::ranges::find(kSecrets, key) != std::end(kSecrets);
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos && text != "null";
}

std::string as_scalar(const std::string& text) {
  if (is_plain(text)) return text;
  // YAML reads JSON strings.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append(std::string& out, const OptionsNode& node, std::size_t indent, bool hidden) {
  const std::string margin(indent, ' ');
  const auto append_value = [&](const OptionsNode& value, bool hide) {
    const bool nested = !value.items.empty() || !value.entries.empty();
    out += nested ? "\n" : " ";
    append(out, value, nested ? indent + 2 : 0, hide);
  };
  switch (node.kind) {
    case OptionsNode::Kind::null:
      out += "null\n";
      return;
    case OptionsNode::Kind::scalar:
      out += (hidden ? "(hidden)" : as_scalar(node.text)) + "\n";
      return;
    case OptionsNode::Kind::list:
      if (node.items.empty()) out += "[]\n";
      for (const auto& item : node.items) {
        out += margin + "-";
        append_value(item, hidden);
      }
      return;
    case OptionsNode::Kind::map:
      if (node.entries.empty()) out += "{}\n";
      for (const auto& [key, value] : node.entries) {
        out += margin + as_scalar(key) + ":";
        append_value(value, hidden || hides(key));
      }
      return;
  }
}

}  // namespace

Result<void> expand_environment(const std::string& file, OptionsNode& node) {
  if (node.kind == OptionsNode::Kind::scalar) {
    auto text = expanded(node.text);
    if (!text)
      return Error{Errc::invalid, file + ":" + std::to_string(node.line) + ":" + std::to_string(node.column) + ": " +
                                      text.error().message};
    node.text = std::move(*text);
  }
  for (auto& item : node.items)
    if (auto ok = expand_environment(file, item); !ok) return ok;
  for (auto& [key, value] : node.entries)
    if (auto ok = expand_environment(file, value); !ok) return ok;
  return {};
}

std::string shown_yaml(const OptionsNode& root) {
  std::string out;
  append(out, root, 0, false);
  return out;
}

}  // namespace ipw
