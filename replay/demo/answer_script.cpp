#include "replay/demo/answer_script.hpp"

#include <algorithm>
#include <array>

namespace ipw::replay::demo {
namespace {

constexpr std::size_t kTokenBytes = 4;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void append_escaped_character(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    out += c;
    return;
  }
  out.append("\\u00").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 0xFU]);
}

// "id":…,"object":…,"created":…,"model":… of a chunk or of a whole completion.
std::string preamble(const Answer& answer, std::string_view object) {
  std::string text = "{\"id\":\"";
  append_json_escaped(answer.id, text);
  text.append("\",\"object\":\"").append(object).append("\",\"created\":").append(std::to_string(answer.created));
  text += ",\"model\":\"";
  append_json_escaped(answer.model, text);
  return text + "\",";
}

}  // namespace

std::size_t token_end(std::string_view text, std::size_t begin) {
  std::size_t end = std::min(begin + kTokenBytes, text.size());
  while (end < text.size() && continues_character(text[end])) ++end;
  return end;
}

std::int64_t count_tokens(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = token_end(text, at)) ++count;
  return count;
}

void append_clock_token(MonoTime time, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  auto left = static_cast<std::uint64_t>(time.time_since_epoch().count());
  std::array<char, 16> digits{};
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, left >>= 4U) *digit = kHex[left & 0xFU];
  out.append(digits.data(), digits.size());
}

void append_json_escaped(std::string_view text, std::string& out) {
  for (const char c : text) append_escaped_character(c, out);
}

AnswerScript::AnswerScript(Answer answer) : answer_(std::move(answer)) {
  if (answer_.clock_tokens) clock_tokens_ = answer_.max_tokens ? *answer_.max_tokens : count_tokens(answer_.text);
  if (!answer_.stream) return;
  head_ = "data: " + preamble(answer_, "chat.completion.chunk");
  token_ = head_ + R"("choices":[{"index":0,"delta":{"content":")";
}

std::optional<MonoTime> AnswerScript::play(MonoTime now, std::size_t limit, std::string& out) {
  return answer_.stream ? play_stream(now, limit, out) : play_whole(now, out);
}

// From the beginning each time, so that a late token delays none of those after it.
MonoTime AnswerScript::due(std::int64_t token) const {
  if (answer_.tokens_per_second <= 0) return answer_.from;
  return answer_.from +
         to_chrono(answer_.time_to_first_token + Seconds{static_cast<double>(token) / answer_.tokens_per_second});
}

bool AnswerScript::all_tokens_sent() const {
  if (answer_.clock_tokens) return tokens_ >= clock_tokens_;
  return at_ == answer_.text.size() || (answer_.max_tokens && tokens_ >= *answer_.max_tokens);
}

std::optional<MonoTime> AnswerScript::play_stream(MonoTime now, std::size_t limit, std::string& out) {
  const std::size_t full = out.size() + limit;
  if (!begun_) {
    out += head_;
    out += R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
           "\n\n";
    begun_ = true;
  }
  for (; !all_tokens_sent(); append_token(now, out)) {
    if (const auto when = due(tokens_); when > now) return when;
    if (out.size() >= full) return now;
  }
  // An answer of no tokens ends when its first one would have come.
  if (const auto when = due(0); when > now) return when;
  append_end(out);
  return std::nullopt;
}

std::optional<MonoTime> AnswerScript::play_whole(MonoTime now, std::string& out) {
  for (; !all_tokens_sent(); ++tokens_) at_ = answer_.clock_tokens ? at_ : token_end(answer_.text, at_);
  if (const auto when = due(std::max<std::int64_t>(tokens_ - 1, 0)); when > now) return when;
  out += preamble(answer_, "chat.completion");
  out += R"("choices":[{"index":0,"message":{"role":"assistant","content":")";
  append_whole_text(now, out);
  out.append(R"("},"finish_reason":")").append(finish_reason()).append("\"}],").append(usage()).append("}");
  return std::nullopt;
}

void AnswerScript::append_token(MonoTime now, std::string& out) {
  out += token_;
  if (answer_.clock_tokens) {
    append_clock_token(now, out);
  } else {
    const auto end = token_end(answer_.text, at_);
    append_json_escaped(answer_.text.substr(at_, end - at_), out);
    at_ = end;
  }
  out += "\"},\"finish_reason\":null}]}\n\n";
  ++tokens_;
}

void AnswerScript::append_whole_text(MonoTime now, std::string& out) const {
  if (!answer_.clock_tokens) return append_json_escaped(answer_.text.substr(0, at_), out);
  for (std::int64_t i = 0; i < tokens_; ++i) append_clock_token(now, out);
}

void AnswerScript::append_end(std::string& out) const {
  out.append(head_).append(R"("choices":[{"index":0,"delta":{},"finish_reason":")");
  out.append(finish_reason()).append("\"}]}\n\n");
  if (answer_.include_usage) out.append(head_).append("\"choices\":[],").append(usage()).append("}\n\n");
  out += "data: [DONE]\n\n";
}

std::string AnswerScript::usage() const {
  return "\"usage\":{\"prompt_tokens\":" + std::to_string(answer_.prompt_tokens) +
         ",\"completion_tokens\":" + std::to_string(tokens_) +
         ",\"total_tokens\":" + std::to_string(answer_.prompt_tokens + tokens_) + "}";
}

std::string_view AnswerScript::finish_reason() const {
  return answer_.clock_tokens || at_ == answer_.text.size() ? "stop" : "length";
}

}  // namespace ipw::replay::demo
