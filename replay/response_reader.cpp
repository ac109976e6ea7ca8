#include "replay/response_reader.hpp"

#include <algorithm>
#include <cstring>

#include "replay/excerpt.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;

// The parser reads header and chunk-size lines of any length; these are the bounds. The first line's is lower because
// the parser matches it with a recursive std::regex.
constexpr std::size_t kMaxStatusLine = 1U << 10U;
constexpr std::size_t kMaxHeaderLine = 8U << 10U;
constexpr std::size_t kMaxHead = 64U << 10U;
constexpr std::size_t kBeginning = 100;

// Whether this is, or can still become, the beginning of a response.
bool is_http(std::string_view beginning) {
  constexpr std::string_view kStart = "HTTP/1.";
  return beginning.substr(0, kStart.size()) == kStart.substr(0, beginning.size());
}

StreamEnd not_http(std::string_view beginning) {
  return {Cause::protocol, "the server does not speak HTTP/1.1; its answer begins: " + excerpt(beginning, kBeginning)};
}

}  // namespace

MonoTime Deadlines::next() const {
  return first_token_seen ? total : std::min(first_token, total);
}

StreamEnd Deadlines::passed() const {
  if (next() == total) return {Cause::timeout_total, "no complete answer in the total time"};
  return {Cause::timeout_first_token, "no first token in time"};
}

long ResponseReader::read(char* to, std::size_t size) {
  if (failure_) return -1;
  if (next_ == end_ && !fill()) return failure_ ? -1 : 0;
  const auto count = std::min(size, end_ - next_);
  std::memcpy(to, buffer_.data() + next_, count);
  next_ += count;
  return within_limits({to, count}) ? static_cast<long>(count) : -1;
}

void ResponseReader::head_ended() {
  in_head_ = false;
  unframed_ = 0;
}

bool ResponseReader::fill() {
  if (closed_ || !flush()) return false;
  const auto got = connection_.read(buffer_.data(), buffer_.size(), {deadlines_.next(), &wakeup_});
  read_at_ = std::chrono::steady_clock::now();
  closed_ = got.end == Transfer::End::closed;
  if (closed_) return false;
  if (got.end != Transfer::End::bytes) {
    fail(got);
    return false;
  }
  next_ = 0;
  end_ = got.count;
  if (in_head_ && beginning_.size() < kBeginning) beginning_.append(buffer_.data(), std::min(got.count, kBeginning));
  // At once: the parser waits for the end of the line, and other protocols have no lines.
  if (!is_http(beginning_)) fail(not_http(beginning_));
  // A server that never pauses must not outrun the deadline or a cancellation.
  else if (wakeup_.raised())
    fail(Transfer{Transfer::End::woken, 0, {}});
  else if (read_at_ >= deadlines_.next())
    fail(deadlines_.passed());
  return !failure_;
}

bool ResponseReader::flush() {
  for (std::size_t done = 0; done < out_.size();) {
    const auto sent = connection_.write(out_.data() + done, out_.size() - done, {deadlines_.next(), &wakeup_});
    if (sent.end == Transfer::End::timed_out || sent.end == Transfer::End::woken) {
      fail(sent);
      return false;
    }
    // A server may refuse a large request with an answer while we still write: that answer is worth reading.
    if (sent.end != Transfer::End::bytes) break;
    done += sent.count;
  }
  out_.clear();
  return true;
}

void ResponseReader::fail(const Transfer& transfer) {
  switch (transfer.end) {
    case Transfer::End::timed_out:
      return fail(deadlines_.passed());
    case Transfer::End::woken:
      return fail(StreamEnd{Cause::cancelled, "cancelled"});
    default:
      break;
  }
  // Whether an early close comes as an end or as a reset depends on what the server had read: one name for both.
  if (heard())
    fail(StreamEnd{Cause::cut, "the connection broke: " + transfer.why});
  else
    closed_ = true;
}

bool ResponseReader::within_limits(std::string_view bytes) {
  unframed_ += bytes.size();
  if (in_head_) {
    line_ += bytes.size();
    const auto limit = first_line_ ? kMaxStatusLine : kMaxHeaderLine;
    if (line_ > limit)
      fail({Cause::protocol, "the server sends a header line of more than " + std::to_string(limit) + " bytes"});
    if (bytes.ends_with('\n')) {
      line_ = 0;
      first_line_ = false;
    }
  }
  if (unframed_ > kMaxHead)
    fail({Cause::protocol,
          std::string("the server sends more than 64 KiB of ") + (in_head_ ? "headers" : "chunk framing")});
  return !failure_;
}

StreamEnd ResponseReader::end(bool parsed, bool chunked) const {
  if (failure_) return *failure_;
  // The parser takes a stream cut between the two bytes of a chunk's line end for complete.
  if (parsed && !(chunked && closed_)) return {};
  if (!heard()) return {Cause::cut, "the server closed the connection without an answer"};
  if (in_head_ && closed_) return {Cause::cut, "the server closed the connection in the middle of the headers"};
  if (in_head_) return not_http(beginning_);
  if (closed_) return {Cause::cut, "the server closed the connection in the middle of the answer"};
  return {Cause::protocol, "the server's chunked encoding is broken"};
}

}  // namespace ipw::replay
