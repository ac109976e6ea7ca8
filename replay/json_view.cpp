#include "replay/json_view.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ipw::replay {
namespace {

using Json = nlohmann::json;

const Json* as_json(const void* value) {
  return static_cast<const Json*>(value);
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

JsonDocument::JsonDocument(std::string_view text) {
  auto parsed = std::make_shared<const Json>(Json::parse(text, nullptr, false));
  if (parsed->is_object()) root_ = std::move(parsed);
}

JsonView JsonView::operator[](const char* name) const {
  if (!is_object()) return {};
  const auto found = as_json(value_)->find(name);
  return found == as_json(value_)->end() || found->is_null() ? JsonView{} : JsonView(&*found);
}

JsonView JsonView::item(std::size_t index) const {
  if (index >= size()) return {};
  const auto& found = (*as_json(value_))[index];
  return found.is_null() ? JsonView{} : JsonView(&found);
}

std::size_t JsonView::size() const {
  return is_list() ? as_json(value_)->size() : 0;
}

bool JsonView::is_list() const {
  return value_ != nullptr && as_json(value_)->is_array();
}

bool JsonView::is_object() const {
  return value_ != nullptr && as_json(value_)->is_object();
}

bool JsonView::is_text() const {
  return value_ != nullptr && as_json(value_)->is_string();
}

std::string_view JsonView::text() const {
  if (!is_text()) return {};
  return as_json(value_)->get_ref<const std::string&>();
}

std::optional<std::int64_t> JsonView::count() const {
  if (value_ == nullptr || !as_json(value_)->is_number_integer()) return std::nullopt;
  const auto count = as_json(value_)->get<std::int64_t>();
  if (count < 0) return std::nullopt;
  return count;
}

std::optional<double> JsonView::number() const {
  if (value_ == nullptr) return std::nullopt;
  const auto number = as_json(value_)->is_number() ? as_json(value_)->get<double>() : parse_number(text());
  if (!number || !std::isfinite(*number) || *number < 0) return std::nullopt;
  return number;
}

bool JsonView::is_true() const {
  return value_ != nullptr && as_json(value_)->is_boolean() && as_json(value_)->get<bool>();
}

std::string JsonView::json() const {
  return value_ == nullptr ? std::string{} : as_json(value_)->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ipw::replay
