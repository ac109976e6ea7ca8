#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "replay/json_depth.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/json_schema.hpp"
#include "replay/judges/json_text.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kQuote = 60, kLongestPath = 100;
// Bytes of an answer that are parsed: a model's longest answers are shorter, and a megabyte of brackets takes 0.1 s.
constexpr std::size_t kMostJson = std::size_t{256} * 1024;

std::string shown(const Json& value) {
  return shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace), kQuote);
}

// Whatever is not JSON is discarded.
Json parsed(std::string_view text) {
  return is_too_deep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

std::string type_asked(const Json& expected, std::string_view schema) {
  if (!expected.is_discarded()) return expected.is_number() ? "number" : expected.type_name();
  const auto root = parsed(schema);
  const auto type = root.is_object() ? root.find("type") : root.end();
  return type != root.end() && type->is_string() ? type->get<std::string>() : "";
}

struct Found {
  Json value;
  std::string_view text;
};

// The likeliest JSON of the type that is asked for; else the likeliest of any.
std::optional<Found> find_json(std::string_view text, const std::string& type) {
  std::optional<Found> other;
  auto budget = kMostJson;
  for (const auto candidate : json_candidates(text)) {
    if (candidate.size() > budget) continue;
    budget -= candidate.size();
    auto value = parsed(candidate);
    if (value.is_discarded()) continue;
    if (type.empty() || type == (value.is_number() ? "number" : value.type_name()))
      return Found{std::move(value), candidate};
    if (!other) other = Found{std::move(value), candidate};
  }
  return other;
}

// Holds what is given against what is expected: objects by their fields, lists in order, numbers by value.
class Comparison {
 public:
  explicit Comparison(bool extra_fields) : extra_fields_(extra_fields) {}

  // The first difference; none where all is as expected.
  std::optional<std::string> differs(const Json& given, const Json& expected, const std::string& path) const {
    if (given.is_object() && expected.is_object()) return fields(given, expected, path);
    if (given.is_array() && expected.is_array()) return items(given, expected, path);
    if (given == expected) return std::nullopt;
    return at(path) + " is " + shown(given) + ", expected " + shown(expected);
  }

 private:
  static std::string at(const std::string& path) { return "`" + shortened(path, kLongestPath) + "`"; }

  std::optional<std::string> fields(const Json& given, const Json& expected, const std::string& path) const {
    for (const auto& [name, value] : expected.items()) {
      const auto own = member_path(path, name);
      const auto found = given.find(name);
      if (found == given.end()) return at(own) + " is missing, expected " + shown(value);
      if (auto difference = differs(*found, value, own)) return difference;
    }
    if (!extra_fields_)
      for (const auto& field : given.items())
        if (!expected.contains(field.key())) return at(member_path(path, field.key())) + " was not asked for";
    return std::nullopt;
  }

  std::optional<std::string> items(const Json& given, const Json& expected, const std::string& path) const {
    for (std::size_t i = 0; i < std::min(given.size(), expected.size()); ++i)
      if (auto difference = differs(given[i], expected[i], item_path(path, i))) return difference;
    if (given.size() == expected.size()) return std::nullopt;
    return at(path) + " has " + std::to_string(given.size()) + " items, expected " + std::to_string(expected.size());
  }

  bool extra_fields_;
};

// Finds the JSON in the answer and holds it against the fields of the line's `answer` and against its `schema`.
class JsonJudge final : public Judge {
 public:
  explicit JsonJudge(bool extra_fields) : comparison_(extra_fields) {}

  Result<void> accepts(const CorpusItem& item) const override {
    const auto refuse = [&](const std::string& message) { return Error{Errc::invalid, item.place + ": " + message}; };
    const auto schema = schema_of(item);
    if (!schema.empty())
      if (const auto known = JsonSchema::parse(schema, patterns_); !known)
        return refuse("`schema`: " + known.error().message);
    if (!schema.empty() && trim(item.answer).empty()) return {};
    if (auto ok = require_answer(item, "json"); !ok) return ok;
    if (parsed(item.answer).is_discarded())
      return refuse("`answer` for json must be JSON, got `" + shortened(item.answer, kQuote) + "`");
    return {};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto text = outside_reasoning(answer, buffer);
    if (trim(text).empty()) return {VerdictKind::unparsed, 0, "only reasoning"};
    const auto expected = parsed(item.answer);
    const auto schema = schema_of(item);
    const auto found = find_json(text, type_asked(expected, schema));
    if (!found) return {VerdictKind::unparsed, 0, "no JSON in `" + shortened(trim(text), kQuote) + "`"};
    if (auto problem = schema.empty() ? std::nullopt : violation(schema, found->text))
      return {VerdictKind::wrong, 0, *std::move(problem)};
    if (auto difference = expected.is_discarded() ? std::nullopt : comparison_.differs(found->value, expected, "$"))
      return {VerdictKind::wrong, 0, *std::move(difference)};
    return {VerdictKind::correct, 1, "`" + shortened(found->text, kQuote) + "`"};
  }

 private:
  std::optional<std::string> violation(std::string_view schema, std::string_view json) const {
    const auto known = JsonSchema::parse(schema, patterns_);
    return known ? known->violation(json) : known.error().message;
  }

  Comparison comparison_;
  PatternCache patterns_{Pattern::Syntax{}};
};

}  // namespace

// `extra_fields`: whether the answer may have fields that the line does not expect.
Result<std::unique_ptr<Judge>> open_json(Options& options) {
  const bool extra_fields = options.flag("extra_fields", true);
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<JsonJudge>(extra_fields);
}

}  // namespace ipw::replay
