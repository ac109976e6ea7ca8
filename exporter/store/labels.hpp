#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "exporter/store/database.hpp"

namespace ipw {

// The words that many rows repeat (targets, subjects, outcomes), stored once each and numbered. What was looked up is
// remembered. Used under its database's lock.
class Labels {
 public:
  static Result<Labels> open(Database& database);

  Result<std::optional<std::int64_t>> find(const std::string& text);
  Result<std::int64_t> find_or_add(const std::string& text);
  Result<std::string> text(std::int64_t number);
  // After a rollback: numbers given since may be void.
  void forget();

 private:
  Statement find_, add_, text_;
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::unordered_map<std::int64_t, std::string> texts_;
};

}  // namespace ipw
