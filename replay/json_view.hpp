#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ipw::replay {

// A value inside a server's JSON, read the way a decoder must read what it does not trust: what is missing, null or of
// another type than asked for is simply absent. Views end with the document they look into.
class JsonView {
 public:
  JsonView() = default;  // absent
  explicit operator bool() const { return value_ != nullptr; }

  JsonView operator[](const char* name) const;  // a member of an object
  JsonView item(std::size_t index) const;       // of a list
  std::size_t size() const;                     // items of a list, else 0
  bool is_list() const;
  bool is_object() const;
  bool is_text() const;

  std::string_view text() const;              // of a string, else ""
  std::optional<std::int64_t> count() const;  // a whole number, not negative
  std::optional<double> number() const;       // finite, not negative; also one that is written as a string
  bool is_true() const;
  std::string json() const;  // the value as compact JSON

 private:
  friend class JsonDocument;
  explicit JsonView(const void* value) : value_(value) {}
  const void* value_{nullptr};
};

// One JSON text, parsed.
class JsonDocument {
 public:
  // Not an object, or not JSON at all: root() is absent.
  explicit JsonDocument(std::string_view text);
  JsonView root() const { return JsonView(root_.get()); }

 private:
  std::shared_ptr<const void> root_;
};

}  // namespace ipw::replay
