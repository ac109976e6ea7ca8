#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ipw::replay::demo {

// What the demo server takes from the body of a chat completion; every other field is ignored.
struct ChatRequest {
  std::string model;
  std::string problem;            // the text of the last user message
  std::int64_t prompt_tokens{0};  // of all messages
  std::optional<std::int64_t> max_tokens;
  bool stream{false}, include_usage{false};
  bool forbids_cache{false};  // a salt of its own, or no look into the cache

  // Errors: invalid, naming the field.
  static Result<ChatRequest> parse(std::string_view body);
};

// An error as OpenAI's API states it.
std::string error_json(std::string_view message, std::string_view type, std::string_view code);

// `%41` -> `A`; what is no escape stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace ipw::replay::demo
