#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"

namespace ipw::probes {

// A meter's answer in JSON, whose every value is checked before it is believed. Places in it are JSON pointers
// (RFC 6901): "/meters/0/power". Immutable; cheap to move.
class MeterAnswer {
 public:
  // `where` stands in messages: the URL that was asked, without secrets. Errors: invalid, when `body` is not one whole
  // JSON value.
  static Result<MeterAnswer> parse(std::string where, std::string_view body);

  // The number there, or one written as text, as some firmware does. Errors, each with the place: unavailable (missing,
  // or null), invalid (no number, or out of the range). REQUIRES: a pointer to some part of the answer.
  Result<double> number(const std::string& pointer, Range<double> range) const;
  bool has(const std::string& pointer) const;  // with a value other than null
  std::optional<std::string> text(const std::string& pointer) const;
  std::optional<bool> flag(const std::string& pointer) const;
  std::size_t size(const std::string& pointer) const;               // of a list; 0 otherwise
  std::vector<std::string> keys(const std::string& pointer) const;  // of a map; none otherwise

  const std::string& where() const { return where_; }

 private:
  struct Document;
  MeterAnswer(std::string where, std::shared_ptr<const Document> document);
  std::string where_;
  std::shared_ptr<const Document> document_;
};

}  // namespace ipw::probes
