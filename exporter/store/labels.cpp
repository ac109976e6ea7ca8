#include "exporter/store/labels.hpp"

namespace ipw {

Result<Labels> Labels::open(Database& database) {
  Labels labels;
  const std::pair<Statement*, const char*> statements[] = {
      {&labels.find_, "SELECT number FROM labels WHERE text = ?"},
      {&labels.add_, "INSERT INTO labels (text) VALUES (?) RETURNING number"},
      {&labels.text_, "SELECT text FROM labels WHERE number = ?"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return labels;
}

Result<std::optional<std::int64_t>> Labels::find(const std::string& text) {
  if (const auto known = numbers_.find(text); known != numbers_.end()) return std::optional(known->second);
  const auto row = find_.bind(text).step();
  if (!row) return row.error();
  if (!*row) return std::optional<std::int64_t>();
  const auto number = find_.integer().value_or(0);
  find_.reset();
  numbers_.emplace(text, number);
  return std::optional(number);
}

Result<std::int64_t> Labels::find_or_add(const std::string& text) {
  const auto found = find(text);
  if (!found) return found.error();
  if (*found) return **found;
  const auto row = add_.bind(text).step();
  if (!row) return row.error();
  const auto number = add_.integer().value_or(0);
  add_.reset();
  numbers_.emplace(text, number);
  return number;
}

Result<std::string> Labels::text(std::int64_t number) {
  if (const auto known = texts_.find(number); known != texts_.end()) return known->second;
  const auto row = text_.bind(number).step();
  if (!row) return row.error();
  if (!*row) return Error{Errc::invalid, "label " + std::to_string(number) + " is missing"};
  auto text = text_.text();
  text_.reset();
  texts_.emplace(number, text);
  return text;
}

void Labels::forget() {
  numbers_.clear();
}

}  // namespace ipw
