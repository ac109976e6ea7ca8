#include "probes/meter_answer.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/quantity_text.hpp"

namespace ipw::probes {

using Json = nlohmann::json;

struct MeterAnswer::Document {
  Json root;

  const Json* find(const std::string& pointer) const {
    const Json::json_pointer where(pointer);
    return root.contains(where) ? &root.at(where) : nullptr;
  }
};

namespace {

std::string shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto parsed = parse_number(value.get_ref<const std::string&>());
  return parsed ? std::optional(*parsed) : std::nullopt;
}

}  // namespace

MeterAnswer::MeterAnswer(std::string where, std::shared_ptr<const Document> document)
    : where_(std::move(where)), document_(std::move(document)) {}

Result<MeterAnswer> MeterAnswer::parse(std::string where, std::string_view body) {
  auto document = std::make_shared<Document>();
  document->root = Json::parse(body, nullptr, false);
  if (document->root.is_discarded()) return Error{Errc::invalid, where + ": its answer is not JSON"};
  return MeterAnswer(std::move(where), std::move(document));
}

Result<double> MeterAnswer::number(const std::string& pointer, Range<double> range) const {
  const auto* value = document_->find(pointer);
  const auto failed = [&](Errc code, const std::string& why) {
    return Error{code, where_ + ": `" + pointer.substr(pointer.find_first_not_of('/')) + "` " + why};
  };
  if (value == nullptr) return failed(Errc::unavailable, "is missing");
  if (value->is_null()) return failed(Errc::unavailable, "has no value now");
  const auto number = number_of(*value);
  if (!number) return failed(Errc::invalid, "is not a number");
  if (std::isfinite(*number) && *number >= range.least && *number <= range.most) return *number;
  return failed(Errc::invalid,
                "is " + shown(*number) + ": expected " + shown(range.least) + " to " + shown(range.most));
}

bool MeterAnswer::has(const std::string& pointer) const {
  const auto* value = document_->find(pointer);
  return value != nullptr && !value->is_null();
}

std::optional<std::string> MeterAnswer::text(const std::string& pointer) const {
  const auto* value = document_->find(pointer);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<bool> MeterAnswer::flag(const std::string& pointer) const {
  const auto* value = document_->find(pointer);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

std::size_t MeterAnswer::size(const std::string& pointer) const {
  const auto* value = document_->find(pointer);
  return value != nullptr && value->is_array() ? value->size() : 0;
}

std::vector<std::string> MeterAnswer::keys(const std::string& pointer) const {
  std::vector<std::string> keys;
  const auto* value = document_->find(pointer);
  if (value != nullptr && value->is_object())
    for (const auto& [key, ignored] : value->items()) keys.push_back(key);
  return keys;
}

}  // namespace ipw::probes
