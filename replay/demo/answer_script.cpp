#include "replay/demo/answer_script.hpp"

#include <algorithm>
#include <limits>

#include "replay/demo/event_style.hpp"
#include "replay/demo/tokens.hpp"

namespace ipw::replay::demo {
namespace {

using UsageIn = Wording::UsageIn;
using Break = Wording::Break;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kReasoning = "Let me think about this step by step before I answer. ";

}  // namespace

AnswerScript::AnswerScript(Answer answer)
    : answer_(std::move(answer)),
      writer_({.id = answer_.id,
               .model = answer_.model,
               .created = answer_.created,
               .stream = answer_.stream,
               .include_usage = answer_.include_usage},
              answer_.wording),
      reasoning_(answer_.wording.reasoning == Wording::Reasoning::none ? std::string_view() : kReasoning),
      break_at_(kNever),
      stall_at_(kNever) {
  set_length();
  const auto& wording = answer_.wording;
  const auto part = [this](double of) {
    const auto whole = answer_.clock_tokens ? *length_ : std::min(length_.value_or(kNever), full_length());
    return static_cast<std::int64_t>(of * static_cast<double>(whole));
  };
  if (wording.breaks != Break::none) break_at_ = wording.break_after.value_or(part(wording.break_part));
  if (answer_.stall > Seconds{0}) stall_at_ = part(0.5);
}

std::int64_t AnswerScript::full_length() const {
  return count_tokens(reasoning_) + count_tokens(answer_.text);
}

void AnswerScript::set_length() {
  const auto& wording = answer_.wording;
  if (answer_.clock_tokens) reasoning_ = {};
  length_ = answer_.max_tokens;
  if (answer_.clock_tokens && !length_) length_ = full_length();
  if (wording.too_long) length_ = std::min(length_.value_or(kNever), (full_length() + 1) / 2);
  if (wording.endless) length_ = kNever;
  if (wording.no_text) length_ = 0;
}

std::optional<MonoTime> AnswerScript::play(MonoTime now, std::size_t limit, std::string& out) {
  if (!answer_.stream) return play_whole(now, out);
  const std::size_t begin = out.size();
  const auto again = play_stream(now, limit, out);
  if (answer_.wording.restyled()) restyle(answer_.wording, begin, out);
  return again;
}

// From the beginning each time, so that a late token delays none of those after it.
MonoTime AnswerScript::due(std::int64_t token) const {
  auto after = answer_.late + (token >= stall_at_ ? answer_.stall : Seconds{0});
  if (answer_.tokens_per_second > 0)
    after = after + answer_.time_to_first_token + Seconds{static_cast<double>(token) / answer_.tokens_per_second};
  const auto when = answer_.from + to_chrono(after);
  const auto& still = answer_.standstill;
  if (!still || answer_.from >= still->begin || when < still->begin) return when;
  return when + (still->end - still->begin);
}

bool AnswerScript::all_tokens_sent() const {
  if (length_ && tokens_ >= *length_) return true;
  if (answer_.clock_tokens || answer_.wording.endless) return false;
  return !reasons() && at_ == answer_.text.size();
}

std::optional<MonoTime> AnswerScript::play_stream(MonoTime now, std::size_t limit, std::string& out) {
  const std::size_t full = out.size() + limit;
  if (!begun_) writer_.begin(out);
  begun_ = true;
  for (; !all_tokens_sent() && !breaks_here(); append_event(now, out)) {
    if (const auto when = due(tokens_); when > now) return when;
    if (out.size() >= full) return now;
  }
  // An answer of no tokens ends when its first one would have come.
  if (const auto when = due(answer_.wording.breaks == Break::none ? 0 : tokens_); when > now) return when;
  if (answer_.wording.breaks != Break::none)
    writer_.break_off(out);
  else
    writer_.end(counts(), finish_reason(), finish_is_said_, out);
  return std::nullopt;
}

// One event, of one token or of several.
void AnswerScript::append_event(MonoTime now, std::string& out) {
  const bool reasoning = reasons();
  const auto& wording = answer_.wording;
  if (wording.tool_call && at_ == 0 && !reasoning) writer_.open_call(out);
  writer_.open_text(reasoning, out);
  if (tokens_ == 0) out.append(static_cast<std::size_t>(wording.huge_token), 'x');
  for (std::int64_t i = 0; i < wording.tokens_per_event; ++i) {
    append_token(now, out);
    if (all_tokens_sent() || breaks_here() || reasons() != reasoning) break;
  }
  finish_is_said_ = wording.usage_in == UsageIn::last_event && all_tokens_sent();
  writer_.close_text(reasoning, counts(), finish_is_said_ ? finish_reason() : "", out);
}

void AnswerScript::append_token(MonoTime now, std::string& out) {
  ++tokens_;
  if (answer_.clock_tokens) return append_clock_token(now, out);
  if (reasons()) ++reasoning_tokens_;
  if (answer_.wording.endless && at_ == answer_.text.size()) at_ = 0;
  const auto text = reasons() ? reasoning_ : answer_.text;
  auto& at = reasons() ? reasoning_at_ : at_;
  const auto end = token_end(text, at);
  append_json_escaped(text.substr(at, end - at), out);
  at = end;
}

std::optional<MonoTime> AnswerScript::play_whole(MonoTime now, std::string& out) {
  if (answer_.wording.endless) return now + std::chrono::hours(1);
  for (std::string said; !all_tokens_sent() && !breaks_here();) append_token(now, said);
  if (const auto when = due(std::max<std::int64_t>(tokens_ - 1, 0)); when > now) return when;
  const std::size_t begin = out.size();
  append_whole(now, out);
  const auto breaks = answer_.wording.breaks;
  if (breaks == Break::none) return std::nullopt;
  out.resize(begin + (out.size() - begin) / 2);
  if (breaks != Break::error_nested && breaks != Break::error_flat) return std::nullopt;
  out.resize(begin);
  writer_.failure(out);
  return std::nullopt;
}

void AnswerScript::append_whole(MonoTime now, std::string& out) const {
  std::string reasoning, content;
  append_json_escaped(reasoning_.substr(0, reasoning_at_), reasoning);
  append_json_escaped(answer_.text.substr(0, at_), content);
  for (std::int64_t i = 0; answer_.clock_tokens && i < tokens_; ++i) append_clock_token(now, content);
  writer_.whole({.reasoning = reasoning, .content = content, .finish = finish_reason()}, counts(), out);
}

TokenCounts AnswerScript::counts() const {
  return {.prompt = answer_.prompt_tokens, .completion = tokens_, .reasoning = reasoning_tokens_};
}

std::string_view AnswerScript::finish_reason() const {
  if (answer_.wording.too_long) return "length";
  if (answer_.wording.tool_call) return "tool_calls";
  const bool whole = answer_.clock_tokens || answer_.wording.no_text || (!reasons() && at_ == answer_.text.size());
  return whole ? "stop" : "length";
}

}  // namespace ipw::replay::demo
