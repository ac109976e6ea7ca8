#include "probes/http_exchange.hpp"

#include <algorithm>
#include <cstring>

namespace ipw::probes {
namespace {

// The parser reads header and chunk-size lines of any length; these are the bounds. The first line's is lower because
// the parser matches it with a recursive std::regex.
constexpr std::size_t kMaxStatusLine = 1U << 10U, kMaxHeaderLine = 8U << 10U, kMaxUnframed = 64U << 10U;
constexpr std::string_view kStart = "HTTP/1.";

}  // namespace

long HttpExchange::read(char* to, std::size_t size) {
  if (!failure_.empty()) return -1;
  if (next_ == end_ && !fill()) return failure_.empty() ? 0 : -1;
  const auto count = std::min(size, end_ - next_);
  std::memcpy(to, buffer_.data() + next_, count);
  next_ += count;
  return within_limits({to, count}) ? static_cast<long>(count) : -1;
}

void HttpExchange::head_ended() {
  in_head_ = false;
  unframed_ = 0;
}

void HttpExchange::fail(std::string_view why) {
  if (failure_.empty()) failure_ = why;
}

bool HttpExchange::fill() {
  if (closed_ || !flush()) return false;
  auto got = connection_.read(buffer_.data(), buffer_.size(), until_);
  // A server that never pauses must not outrun the deadline.
  if (got.end == Transfer::End::bytes && std::chrono::steady_clock::now() >= until_)
    got = {Transfer::End::timed_out, 0, {}};
  next_ = 0;
  end_ = got.count;
  if (!took(got)) return false;
  // At once: the parser waits for the end of the line, and other protocols have no lines.
  for (std::size_t i = 0; i < got.count && heard_ < kStart.size(); ++i, ++heard_)
    if (buffer_[i] != kStart[heard_]) fail("it does not speak HTTP/1.1");
  return failure_.empty();
}

bool HttpExchange::flush() {
  for (std::string_view left = out_; !left.empty();) {
    const auto sent = connection_.write(left, until_);
    if (sent.end == Transfer::End::timed_out) return took(sent);
    // A server may refuse a request with an answer while we still write: that answer is worth reading.
    if (sent.end != Transfer::End::bytes) break;
    left.remove_prefix(sent.count);
  }
  out_.clear();
  return true;
}

bool HttpExchange::took(const Transfer& transfer) {
  timed_out_ = transfer.end == Transfer::End::timed_out;
  if (timed_out_) fail("no whole answer in time");
  // Whether an early close comes as an end or as a reset depends on what the server had read: one name for both.
  if (transfer.end == Transfer::End::broken && heard()) fail("the connection broke: " + transfer.why);
  closed_ = closed_ || transfer.end == Transfer::End::closed || transfer.end == Transfer::End::broken;
  return transfer.end == Transfer::End::bytes;
}

bool HttpExchange::within_limits(std::string_view bytes) {
  unframed_ += bytes.size();
  if (unframed_ > kMaxUnframed) fail("it sends more than 64 KiB of headers or chunk framing");
  if (in_head_) {
    line_ += bytes.size();
    if (line_ > (first_line_ ? kMaxStatusLine : kMaxHeaderLine)) fail("it sends an endless header");
    if (bytes.ends_with('\n')) {
      line_ = 0;
      first_line_ = false;
    }
  }
  return failure_.empty();
}

std::string HttpExchange::end(bool parsed, bool chunked) const {
  if (!failure_.empty()) return failure_;
  // The parser takes a body cut between the two bytes of a chunk's line end for complete.
  if (parsed && !(chunked && closed_)) return {};
  if (!heard()) return "it closed the connection without an answer";
  if (closed_) return "it closed the connection in the middle of the answer";
  return in_head_ ? "it does not speak HTTP/1.1" : "its answer's encoding is broken";
}

}  // namespace ipw::probes
