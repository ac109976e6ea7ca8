#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ipw::replay::demo {

// Tokens here are pieces of about four bytes, cut between UTF-8 characters. The end of the one that begins at `begin`.
std::size_t token_end(std::string_view text, std::size_t begin);
std::int64_t count_tokens(std::string_view text);

// A time as 16 lower-case hexadecimal digits: nanoseconds of the monotonic clock.
void append_clock_token(MonoTime time, std::string& out);

// Appends `text` as the inside of a JSON string. REQUIRES: text is UTF-8.
void append_json_escaped(std::string_view text, std::string& out);

// What is to be said, and how fast.
struct Answer {
  std::string_view text;  // outlives the script
  std::string id, model;
  std::int64_t created{0};  // Unix seconds
  std::int64_t prompt_tokens{0};
  std::optional<std::int64_t> max_tokens;
  bool stream{false}, include_usage{false};
  MonoTime from;  // the request was read
  Seconds time_to_first_token;
  double tokens_per_second{0};  // 0: everything at once, the first token too
  bool clock_tokens{false};  // each token is the time it was written; max_tokens of them, else as many as the text has
};

// The body of one response over time, as server-sent events or as one JSON text. Pure: no clock, no socket; all that a
// server may say wrongly or at the wrong time is decided here.
class AnswerScript {
 public:
  explicit AnswerScript(Answer answer);

  // Appends what is due at `now` to `out`, about `limit` bytes at most. Returns when to be called again (not after
  // `now` when the limit cut it short), or nothing when all is said.
  std::optional<MonoTime> play(MonoTime now, std::size_t limit, std::string& out);

 private:
  MonoTime due(std::int64_t token) const;
  bool all_tokens_sent() const;
  std::optional<MonoTime> play_stream(MonoTime now, std::size_t limit, std::string& out);
  std::optional<MonoTime> play_whole(MonoTime now, std::string& out);
  void append_token(MonoTime now, std::string& out);
  void append_end(std::string& out) const;
  void append_whole_text(MonoTime now, std::string& out) const;
  std::string usage() const;
  std::string_view finish_reason() const;

  Answer answer_;
  std::string head_;              // of every chunk, up to its choices
  std::string token_;             // head_ and what else precedes a token's text
  std::size_t at_{0};             // so much of the text is sent
  std::int64_t tokens_{0};        // in so many tokens
  std::int64_t clock_tokens_{0};  // that is how many there are to be, where they are times
  bool begun_{false};
};

}  // namespace ipw::replay::demo
