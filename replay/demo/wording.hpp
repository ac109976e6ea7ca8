#pragma once

#include <cstdint>
#include <optional>

namespace ipw::replay::demo {

// How a chat completion is worded. Unset, it is as OpenAI does it; the rest is what other servers do, some of it
// wrongly.
struct Wording {
  // A reasoning text before the answer, under the name that the server has for it.
  enum class Reasoning { none, reasoning_content, reasoning, thinking, reasoning_details };
  enum class UsageIn {
    own_event,   // after the finish, without choices
    last_event,  // with the last token and the finish reason
    every_event,
    none,
  };
  enum class Place { none, nested, top };
  // What comes instead of the rest of the answer.
  enum class Break { none, cut, half_event, error_nested, error_flat, not_json, abort };

  Reasoning reasoning{};
  UsageIn usage_in{};
  bool null_usage{false};             // "usage":null in every event that has none
  Place cached_in{}, reasoning_in{};  // where the usage tells of cached and reasoning tokens
  std::optional<std::int64_t> cached_tokens;

  Break breaks{};
  std::optional<std::int64_t> break_after;  // so many tokens; else break_part of them
  double break_part{0.5};
  bool no_text{false};   // finishes without a token
  bool too_long{false};  // stops at half of the answer, with finish_reason `length`
  bool endless{false};   // begins again and again
  bool done{true};       // ends with [DONE]

  std::int64_t tokens_per_event{1};
  std::int64_t huge_token{0};                        // bytes that precede the first token in its event
  bool tool_call{false};                             // the answer as the arguments of a tool call
  bool empty_first{false};                           // events without text before the first token
  bool crlf{false}, comments{false}, fields{false};  // line ends; lines of comment; `event:` and `id:` lines

  bool restyled() const { return crlf || comments || fields; }
};

}  // namespace ipw::replay::demo
