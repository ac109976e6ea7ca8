#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "replay/demo/wording.hpp"

namespace ipw::replay::demo {

// The counts that a usage states.
struct TokenCounts {
  std::int64_t prompt{0}, completion{0}, reasoning{0};
};

// Writes one chat completion as JSON, streamed or whole, in the words of one kind of server. Knows no time and no
// order: AnswerScript calls in turn. Everything is appended to `out`.
class ChatWriter {
 public:
  struct Identity {
    std::string_view id, model;
    std::int64_t created{0};  // Unix seconds
    bool stream{false}, include_usage{false};
  };
  // The wording outlives the writer.
  ChatWriter(const Identity& identity, const Wording& wording);

  void begin(std::string& out) const;
  // Before the first text of a tool call: which one it is.
  void open_call(std::string& out) const;
  // Between the two stands a text, escaped. The last event of an answer whose usage comes with its last token has its
  // finish reason too; every other one has none ("").
  void open_text(bool reasoning, std::string& out) const { out += reasoning ? reasoning_ : content_; }
  void close_text(bool reasoning, const TokenCounts& counts, std::string_view finish, std::string& out) const;
  // The finish reason, unless the last text had it, the usage, and [DONE].
  void end(const TokenCounts& counts, std::string_view finish, bool finish_is_said, std::string& out) const;
  // What comes instead of the rest, and [DONE] after an error.
  void break_off(std::string& out) const;
  // A failure as one JSON object.
  void failure(std::string& out) const;

  struct Whole {
    std::string_view reasoning, content;  // escaped
    std::string_view finish;
  };
  void whole(const Whole& answer, const TokenCounts& counts, std::string& out) const;

 private:
  void append_choice(std::string_view delta, std::string_view finish, std::string& out) const;
  void append_usage(const TokenCounts& counts, std::string& out) const;
  void append_usage_of_event(const TokenCounts& counts, bool last, std::string& out) const;

  const Wording& wording_;
  bool include_usage_;
  std::string head_;                 // of every event, up to its choices
  std::string reasoning_, content_;  // head_ and what else precedes a token's text
  std::string_view reasoning_close_, content_close_;
  bool plain_;  // events are as most servers write them: the rest of one is always the same
};

}  // namespace ipw::replay::demo
