#include "replay/corpus_line.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "replay/json_depth.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;

// Finds where a text stops being JSON: the parser tells its events handler, and tells nobody else.
struct ParseErrorFinder : nlohmann::json_sax<Json> {
  std::size_t position{0};
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const Json::exception&) override {
    position = at;
    return false;
  }
};

std::string not_json(std::string_view line) {
  ParseErrorFinder finder;
  Json::sax_parse(line, &finder);
  if (finder.position > line.size())
    return "is not JSON: it ends too early, after column " + std::to_string(line.size());
  return "is not JSON at column " + std::to_string(finder.position);
}

std::string compact(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

enum class Accept { text, text_or_number, text_number_or_json };

// Moves the fields of one line into an item; the first field of a wrong type is the error.
class Fields {
 public:
  Fields(Json& line, std::string place) : line_(line), place_(std::move(place)) {}

  // The first of `names` that is there, as text.
  std::string text(std::initializer_list<const char*> names, Accept accept) {
    for (const auto* name : names) {
      const auto field = line_.find(name);
      if (field == line_.end()) continue;
      if (field->is_null()) {
        line_.erase(field);
        continue;
      }
      auto value = as_text(name, *field, accept);
      line_.erase(field);
      return value;
    }
    return {};
  }

  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> values;
    const auto field = line_.find(name);
    if (field == line_.end() || field->is_null()) return values;
    if (!field->is_array())
      fail(std::string("`") + name + "` must be a list of texts, not " + kind(*field));
    else
      for (auto& entry : *field) values.push_back(as_text(name, entry, Accept::text_or_number));
    line_.erase(field);
    return values;
  }

  std::vector<std::pair<std::string, std::string>> rest() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [name, value] : line_.items()) all.emplace_back(name, compact(value));
    return all;
  }

  void fail(std::string message) {
    if (error_.empty()) error_ = place_ + ": " + std::move(message);
  }
  const std::string& error() const { return error_; }

 private:
  static std::string kind(const Json& value) {
    return value.is_number() ? "a number" : "a " + std::string(value.type_name());
  }

  std::string as_text(const char* name, Json& value, Accept accept) {
    if (value.is_string()) return std::move(value.get_ref<std::string&>());
    if (accept != Accept::text && value.is_number()) return compact(value);
    if (accept == Accept::text_number_or_json && value.is_structured()) return compact(value);
    fail(std::string("`") + name + "` must be a text" + (accept == Accept::text ? "" : " or a number") + ", not " +
         kind(value));
    return {};
  }

  Json& line_;
  std::string place_, error_;
};

}  // namespace

Result<CorpusItem> parse_corpus_line(std::string_view line, std::string place) {
  if (is_too_deep(line))
    return Error{Errc::invalid, place + ": the line is nested deeper than " + std::to_string(kDeepestJson) + " levels"};
  auto json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return Error{Errc::invalid, place + ": the line " + not_json(line)};
  if (!json.is_object())
    return Error{Errc::invalid, place + ": the line must be a JSON object, not " + std::string(json.type_name())};

  CorpusItem item;
  const bool has_id = json.contains("id") && !json["id"].is_null();
  Fields fields(json, place);
  item.id = fields.text({"id"}, Accept::text_or_number);
  item.problem = fields.text({"problem", "prompt"}, Accept::text);
  item.answer = fields.text({"answer", "expected_answer"}, Accept::text_number_or_json);
  item.subject = fields.text({"subject"}, Accept::text);
  item.language = fields.text({"language"}, Accept::text);
  item.judge = fields.text({"judge"}, Accept::text);
  item.reference = fields.text({"reference"}, Accept::text);
  item.options = fields.texts("options");
  if (trim(item.problem).empty()) fields.fail("`problem` is missing or empty");
  if (has_id && item.id.empty()) fields.fail("`id` is empty");
  if (!fields.error().empty()) return Error{Errc::invalid, fields.error()};
  item.metadata = fields.rest();
  item.place = std::move(place);
  return item;
}

std::optional<std::string> CorpusItem::field(std::string_view name) const {
  constexpr std::size_t kLongest = 64;
  for (const auto& [key, json] : metadata) {
    if (key != name) continue;
    const auto value = Json::parse(json, nullptr, false);
    auto text = value.is_string() ? value.get<std::string>() : json;
    for (auto& c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return shortened(trim(text), kLongest);
  }
  return std::nullopt;
}

}  // namespace ipw::replay
