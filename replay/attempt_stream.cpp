#include "replay/attempt_stream.hpp"

#include <algorithm>

#include "replay/excerpt.hpp"
#include "replay/retry.hpp"
#include "replay/server_message.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;

constexpr std::size_t kMaxText = 64U << 20U;
constexpr std::size_t kMaxErrorBody = 4U << 10U;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// What to look at first, for the statuses whose cause is nearly always the configuration.
std::string_view hint(int status) {
  if (status == 401 || status == 403) return " (check the target's api_key_env or api_key_file)";
  if (status == 404) return " (check the target's url and model)";
  return "";
}

Outcome outcome_of(Cause cause) {
  switch (cause) {
    case Cause::connect:
      return Outcome::connect;
    case Cause::tls:
      return Outcome::tls;
    case Cause::timeout_first_token:
      return Outcome::timeout_first_token;
    case Cause::timeout_total:
      return Outcome::timeout_total;
    case Cause::cancelled:
      return Outcome::cancelled;
    case Cause::protocol:
      return Outcome::unparsable;
    case Cause::complete:
    case Cause::cut:
      break;
  }
  return Outcome::stream_cut;
}

}  // namespace

void AttemptStream::sent(MonoTime at) {
  attempt_.sent_at = at;
}

void AttemptStream::response(MonoTime, int status, const std::function<std::string(std::string_view)>& header) {
  attempt_.http_status = status;
  if (is_success(status)) return;
  retry_after_ = parse_retry_after(header("Retry-After"), std::chrono::system_clock::now());
  location_ = header("Location");
}

bool AttemptStream::bytes(MonoTime at, std::string_view data) {
  if (!is_success(attempt_.http_status)) {
    error_body_ += data.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, error_body_.size()));
    return false;
  }
  if (settled_) return true;
  events_.clear();
  const auto fed = decoder_->feed(data, events_);
  for (const auto& event : events_) digest(at, event);
  if (!fed) settle(Outcome::unparsable, fed.error().message);
  if (attempt_.answer.size() + attempt_.reasoning_bytes > kMaxText)
    settle(Outcome::unparsable, "the answer is larger than 64 MiB");
  // Whatever else the server has to say, we cannot use it.
  if (settled_ && attempt_.outcome == Outcome::unparsable) cancel();
  return attempt_.first_token_at.has_value();
}

void AttemptStream::digest(MonoTime at, const StreamEvent& event) {
  switch (event.kind) {
    case StreamEvent::Kind::content:
      attempt_.answer += event.text;
      break;
    case StreamEvent::Kind::reasoning:
      attempt_.reasoning_bytes += event.text.size();
      return note_text(at, event.text.size());
    case StreamEvent::Kind::tool_call:
      break;
    case StreamEvent::Kind::finish:
      attempt_.finish_reason = event.text;
      return;
    case StreamEvent::Kind::error:
      return settle(Outcome::stream_error, "the server reported inside its answer: " + event.text);
  }
  if (!attempt_.first_answer_at) attempt_.first_answer_at = at;
  note_text(at, event.text.size());
}

void AttemptStream::note_text(MonoTime at, std::size_t size) {
  if (!attempt_.first_token_at) attempt_.first_token_at = at;
  attempt_.last_token_at = at;
  ++attempt_.text_events;
  if (attempt_.chunks.empty() || attempt_.chunks.back().at != at) attempt_.chunks.push_back({at, 0});
  attempt_.chunks.back().bytes += static_cast<std::uint32_t>(size);
}

void AttemptStream::end(MonoTime at, StreamEnd end) {
  if (attempt_.sent_at == MonoTime{}) attempt_.sent_at = at;
  attempt_.ended_at = std::max(at, attempt_.sent_at);
  attempt_.client_lag = end.waited;
  conclude(end);
  done_(*this);
}

void AttemptStream::conclude(const StreamEnd& end) {
  if (settled_) return;
  if (end.cause == Cause::cancelled) return settle(Outcome::cancelled, end.reason);
  if (attempt_.http_status != 0 && !is_success(attempt_.http_status)) return conclude_http();
  const bool ended = end.cause == Cause::complete || end.cause == Cause::cut;
  if (attempt_.http_status == 0 || !ended) return settle(outcome_of(end.cause), end.reason);
  conclude_answer(end);
}

void AttemptStream::conclude_http() {
  const int status = attempt_.http_status;
  const auto outcome = status == 429 ? Outcome::http_429 : status >= 500 ? Outcome::http_5xx : Outcome::http_4xx;
  const auto words = server_message(error_body_);
  auto reason = "HTTP " + std::to_string(status);
  if (status < 400) {
    reason += ": redirect refused";
    if (!location_.empty()) reason += ", it leads to " + excerpt(location_);
  } else if (!words.empty()) {
    reason += ": " + words;
  }
  settle(outcome, reason + std::string(hint(status)));
}

void AttemptStream::conclude_answer(const StreamEnd& end) {
  const auto usage = decoder_->finish();
  if (!usage) {
    if (usage.error().code == Errc::invalid) return settle(Outcome::unparsable, usage.error().message);
    return settle(Outcome::stream_cut, end.reason.empty() ? usage.error().message : end.reason);
  }
  // A connection that ends after the last event took nothing from the answer.
  attempt_.usage = *usage;
  attempt_.timings = decoder_->timings();
  const auto& finish = attempt_.finish_reason;
  if (finish == "length") return settle(Outcome::length, {});
  if (attempt_.first_token_at) return settle(Outcome::ok, {});
  settle(Outcome::empty,
         "the server finished without any text" + (finish.empty() ? "" : " (finish_reason `" + excerpt(finish) + "`)"));
}

void AttemptStream::settle(Outcome outcome, std::string reason) {
  if (settled_) return;
  settled_ = true;
  attempt_.outcome = outcome;
  attempt_.reason = std::move(reason);
}

}  // namespace ipw::replay
