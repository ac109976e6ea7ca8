#include "replay/judges/json_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "replay/json_depth.hpp"
#include "replay/judges/json_text.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;
using Problem = std::optional<std::string>;

constexpr std::size_t kQuote = 60, kLongestPath = 100;

constexpr std::array<std::string_view, 7> kTypes{"null", "boolean", "object", "array", "number", "string", "integer"};

std::string shown(const Json& value) {
  return shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace), kQuote);
}

std::string at(const std::string& path) {
  return "`" + shortened(path, kLongestPath) + "`";
}

std::string type_of(const Json& value) {
  return value.is_number() ? "number" : value.type_name();
}

bool has_type(const Json& value, const std::string& type) {
  if (type != "integer") return type_of(value) == type;
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
}

std::size_t characters_in(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Reads a schema once, to refuse what check() could not do.
class Reader {
 public:
  explicit Reader(const PatternCache& patterns) : patterns_(patterns) {}

  Problem schema(const Json& schema, const std::string& path) const {
    if (schema.is_boolean()) return std::nullopt;
    if (!schema.is_object()) return path + ": a schema must be an object, not " + type_of(schema);
    for (const auto& [keyword, value] : schema.items())
      if (auto problem = this->keyword(keyword, value, member_path(path, keyword))) return problem;
    return std::nullopt;
  }

 private:
  Problem keyword(const std::string& keyword, const Json& value, const std::string& path) const {
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
      return std::ranges::find(names, keyword) != names.end();
    };
    const auto must_be = [&](bool right, const char* what) -> Problem {
      return right ? Problem{} : path + " must be " + what + ", not " + shown(value);
    };
    if (is_one_of({"$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated",
                   "readOnly", "writeOnly", "const"}))
      return std::nullopt;
    if (is_one_of({"additionalProperties", "items", "not"})) return schema(value, path);
    if (is_one_of({"anyOf", "oneOf", "allOf"})) return schemas(value, path);
    if (is_one_of({"minItems", "maxItems", "minLength", "maxLength"}))
      return must_be(value.is_number_unsigned(), "a whole number");
    if (is_one_of({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}))
      return must_be(value.is_number(), "a number");
    if (keyword == "enum") return must_be(value.is_array() && !value.empty(), "a list of values");
    if (keyword == "required") return must_be(is_texts(value), "a list of names");
    if (keyword == "type") return must_be(is_type(value), "a type, or a list of types");
    if (keyword == "properties") return properties(value, path);
    if (keyword == "pattern") return pattern(value, path);
    if (keyword == "$ref" || keyword == "$dynamicRef")
      return path + ": references are not followed; write the schema out in place";
    return path + ": the keyword `" + shortened(keyword, kQuote) + "` is not supported";
  }

  Problem schemas(const Json& list, const std::string& path) const {
    if (!list.is_array() || list.empty()) return path + " must be a list of schemas, not " + shown(list);
    for (std::size_t i = 0; i < list.size(); ++i)
      if (auto problem = schema(list[i], item_path(path, i))) return problem;
    return std::nullopt;
  }

  Problem properties(const Json& map, const std::string& path) const {
    if (!map.is_object()) return path + " must be an object, not " + shown(map);
    for (const auto& [name, value] : map.items())
      if (auto problem = schema(value, member_path(path, name))) return problem;
    return std::nullopt;
  }

  Problem pattern(const Json& expression, const std::string& path) const {
    if (!expression.is_string()) return path + " must be a text, not " + shown(expression);
    const auto compiled = patterns_.get(expression.get<std::string>());
    return compiled ? Problem{} : path + ": no regular expression: " + compiled.error().message;
  }

  static bool is_texts(const Json& value) {
    return value.is_array() && std::ranges::all_of(value, [](const auto& name) { return name.is_string(); });
  }

  static bool is_type(const Json& value) {
    const auto known = [](const Json& type) {
      return type.is_string() && std::ranges::find(kTypes, type.get_ref<const std::string&>()) != kTypes.end();
    };
    return value.is_array() ? !value.empty() && std::ranges::all_of(value, known) : known(value);
  }

  const PatternCache& patterns_;
};

// Holds a value against a schema that Reader has read. Each pair of a part of the schema and a part of the value is
// looked at once at most, because nothing refers back.
class Checker {
 public:
  explicit Checker(const PatternCache& patterns) : patterns_(patterns) {}

  Problem check(const Json& schema, const Json& value, const std::string& path) const {
    if (schema.is_boolean()) return schema.get<bool>() ? Problem{} : at(path) + " must not be there";
    for (const auto& [keyword, asked] : schema.items()) {
      auto problem = by_value(keyword, asked, value, path);
      if (!problem) problem = by_schemas(keyword, asked, value, path);
      if (!problem && value.is_number()) problem = number(keyword, asked, value, path);
      if (!problem && value.is_string()) problem = string(keyword, asked, value.get_ref<const std::string&>(), path);
      if (!problem && value.is_array()) problem = array(keyword, asked, value, path);
      if (!problem && value.is_object()) problem = object(keyword, schema, value, path);
      if (problem) return problem;
    }
    return std::nullopt;
  }

 private:
  static Problem by_value(const std::string& keyword, const Json& asked, const Json& value, const std::string& path) {
    const auto fits = [&](const Json& type) { return has_type(value, type.get_ref<const std::string&>()); };
    if (keyword == "type" && !(asked.is_array() ? std::ranges::any_of(asked, fits) : fits(asked)))
      return at(path) + " is of type " + type_of(value) + ", expected " + shown(asked);
    if (keyword == "const" && value != asked) return at(path) + " is " + shown(value) + ", expected " + shown(asked);
    if (keyword == "enum" && std::ranges::find(asked, value) == asked.end())
      return at(path) + " is " + shown(value) + ", expected one of " + shown(asked);
    return std::nullopt;
  }

  Problem by_schemas(const std::string& keyword, const Json& asked, const Json& value, const std::string& path) const {
    if (keyword == "not")
      return check(asked, value, path) ? Problem{} : at(path) + " is " + shown(value) + ", which `not` excludes";
    const bool all = keyword == "allOf", any = keyword == "anyOf", one = keyword == "oneOf";
    if (!all && !any && !one) return std::nullopt;
    std::size_t fitting = 0;
    for (const auto& schema : asked) {
      auto problem = check(schema, value, path);
      if (problem && all) return problem;
      if (!problem && any) return std::nullopt;
      fitting += problem ? 0 : 1;
    }
    if (all || (one && fitting == 1)) return std::nullopt;
    return at(path) + " fits " + std::to_string(fitting) + " of the schemas of `" + keyword + "`";
  }

  static Problem number(const std::string& keyword, const Json& asked, const Json& value, const std::string& path) {
    const bool outside = (keyword == "minimum" && value < asked) || (keyword == "maximum" && value > asked) ||
                         (keyword == "exclusiveMinimum" && value <= asked) ||
                         (keyword == "exclusiveMaximum" && value >= asked);
    return outside ? at(path) + " is " + shown(value) + ", `" + keyword + "` is " + shown(asked) : Problem{};
  }

  Problem string(const std::string& keyword, const Json& asked, const std::string& value,
                 const std::string& path) const {
    if (keyword == "pattern") {
      const auto pattern = patterns_.get(asked.get<std::string>());
      if (pattern && pattern->match(value)) return std::nullopt;
      return at(path) + " is " + shown(value) + ", which does not match " + shown(asked);
    }
    if (keyword != "minLength" && keyword != "maxLength") return std::nullopt;
    return size({keyword, "characters"}, asked, characters_in(value), path);
  }

  Problem array(const std::string& keyword, const Json& asked, const Json& value, const std::string& path) const {
    if (keyword == "minItems" || keyword == "maxItems") return size({keyword, "items"}, asked, value.size(), path);
    if (keyword != "items") return std::nullopt;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto problem = check(asked, value[i], item_path(path, i))) return problem;
    return std::nullopt;
  }

  Problem object(const std::string& keyword, const Json& schema, const Json& value, const std::string& path) const {
    if (keyword == "required")
      for (const auto& name : schema["required"])
        if (!value.contains(name)) return at(member_path(path, name.get<std::string>())) + " is missing";
    if (keyword == "properties")
      for (const auto& [name, own] : schema["properties"].items())
        if (const auto found = value.find(name); found != value.end())
          if (auto problem = check(own, *found, member_path(path, name))) return problem;
    if (keyword == "additionalProperties")
      for (const auto& [name, member] : value.items())
        if (!schema.contains("properties") || !schema["properties"].contains(name))
          if (auto problem = check(schema[keyword], member, member_path(path, name))) return problem;
    return std::nullopt;
  }

  struct Bound {
    const std::string& keyword;
    const char* unit;
  };
  static Problem size(Bound bound, const Json& asked, std::size_t size, const std::string& path) {
    const auto limit = asked.get<std::size_t>();
    if (bound.keyword.starts_with("min") ? size >= limit : size <= limit) return std::nullopt;
    return at(path) + " has " + std::to_string(size) + " " + bound.unit + ", `" + bound.keyword + "` is " +
           std::to_string(limit);
  }

  const PatternCache& patterns_;
};

}  // namespace

struct JsonSchema::Root {
  Json schema;
  const PatternCache& patterns;
};

std::string_view schema_of(const CorpusItem& item) {
  for (const auto& [name, value] : item.metadata)
    if (name == std::string_view("schema")) return value;
  return {};
}

Result<JsonSchema> JsonSchema::parse(std::string_view text, const PatternCache& patterns) {
  if (is_too_deep(text))
    return Error{Errc::invalid, "$: nested deeper than " + std::to_string(kDeepestJson) + " levels"};
  auto schema = Json::parse(text, nullptr, false);
  if (schema.is_discarded()) return Error{Errc::invalid, "$: not JSON"};
  if (auto problem = Reader(patterns).schema(schema, "$")) return Error{Errc::invalid, shortened(*problem, 4 * kQuote)};
  return JsonSchema(std::make_shared<const Root>(Root{std::move(schema), patterns}));
}

std::optional<std::string> JsonSchema::violation(std::string_view json) const {
  return Checker(root_->patterns).check(root_->schema, Json::parse(json, nullptr, false), "$");
}

}  // namespace ipw::replay
