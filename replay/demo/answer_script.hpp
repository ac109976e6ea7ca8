#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "replay/demo/chat_writer.hpp"
#include "replay/demo/wording.hpp"

namespace ipw::replay::demo {

// A time in which the whole server does nothing. What was begun before goes on after it as if it had not been.
struct Standstill {
  MonoTime begin, end;
  bool holds(MonoTime time) const { return begin <= time && time < end; }
};

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
  Seconds late{0};              // so much later comes every token, also where there is no pace
  Seconds stall{0};             // and so much later those of the second half
  std::optional<Standstill> standstill;
  bool clock_tokens{false};  // each token is the time it was written; max_tokens of them, else as many as the text has
  Wording wording;
};

// The body of one response over time, as server-sent events or as one JSON text. Pure: no clock, no socket; all that a
// server may say wrongly or at the wrong time is decided here.
class AnswerScript {
 public:
  explicit AnswerScript(Answer answer);
  AnswerScript(const AnswerScript&) = delete;
  AnswerScript& operator=(const AnswerScript&) = delete;

  // Appends what is due at `now` to `out`, about `limit` bytes at most. Returns when to be called again (not after
  // `now` when the limit cut it short), or nothing when all is said.
  std::optional<MonoTime> play(MonoTime now, std::size_t limit, std::string& out);

 private:
  std::int64_t full_length() const;
  void set_length();
  MonoTime due(std::int64_t token) const;
  bool all_tokens_sent() const;
  bool breaks_here() const { return tokens_ >= break_at_; }
  bool reasons() const { return reasoning_at_ < reasoning_.size(); }
  std::optional<MonoTime> play_stream(MonoTime now, std::size_t limit, std::string& out);
  std::optional<MonoTime> play_whole(MonoTime now, std::string& out);
  void append_event(MonoTime now, std::string& out);
  void append_token(MonoTime now, std::string& out);
  void append_whole(MonoTime now, std::string& out) const;
  TokenCounts counts() const;
  std::string_view finish_reason() const;

  Answer answer_;
  ChatWriter writer_;
  std::string_view reasoning_;                    // the text before the answer
  std::size_t reasoning_at_{0}, at_{0};           // so much of both texts is sent
  std::int64_t tokens_{0}, reasoning_tokens_{0};  // in so many tokens, of which these were of the first
  std::optional<std::int64_t> length_;            // the tokens that are to be, where the texts' end is not the end
  std::int64_t break_at_, stall_at_;              // tokens
  bool begun_{false}, finish_is_said_{false};
};

}  // namespace ipw::replay::demo
