#include "replay/options_json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace ipw::replay {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
bool parse_whole(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

Json scalar(const OptionsNode& node) {
  const std::string& text = node.text;
  if (node.quoted) return text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text == "null" || text == "Null" || text == "NULL" || text == "~") return nullptr;
  if (std::int64_t whole = 0; parse_whole(text, whole)) return whole;
  // from_chars would also take "inf" and "nan", which are words here.
  const bool digits = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  if (double decimal = 0; digits && parse_whole(text, decimal)) return decimal;
  return text;
}

Json to_json(const OptionsNode& node) {
  switch (node.kind) {
    case OptionsNode::Kind::null:
      return nullptr;
    case OptionsNode::Kind::scalar:
      return scalar(node);
    case OptionsNode::Kind::list: {
      Json list = Json::array();
      for (const auto& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case OptionsNode::Kind::map:
      break;
  }
  Json map = Json::object();
  for (const auto& [name, value] : node.entries) map[name] = to_json(value);
  return map;
}

}  // namespace

std::string to_json_text(const OptionsNode& node) {
  return to_json(node).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ipw::replay
