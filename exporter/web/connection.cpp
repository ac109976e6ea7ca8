#include "exporter/web/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace ipw::web {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr Seconds kDrainTime{1};
constexpr std::size_t kPiece = 256U << 10U;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Connection::Connection(Socket socket, const ServerOptions& options, MonoTime now)
    : socket_(std::move(socket)), options_(options) {
  enter(Phase::reading, now, options_.idle_keep_alive);
}

void Connection::enter(Phase phase, MonoTime now, Seconds time_limit) {
  phase_ = phase;
  since_ = now;
  deadline_ = now + to_chrono(time_limit);
}

void Connection::proceed(MonoTime now) {
  switch (phase_) {
    case Phase::reading:
      return read(now);
    case Phase::writing:
      return write(now);
    case Phase::draining:
      return drain();
    case Phase::working:
    case Phase::closed:
      return;
  }
}

void Connection::read(MonoTime now) {
  std::array<char, 4096> chunk;
  const auto n = ::recv(socket_.fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n < 0 && would_block()) return;
  if (n <= 0) return close();
  if (in_.empty()) deadline_ = now + to_chrono(options_.request_deadline);
  in_.append(chunk.data(), static_cast<std::size_t>(n));
}

std::optional<std::string> Connection::take_head(MonoTime now) {
  if (phase_ != Phase::reading || in_.empty()) return std::nullopt;
  const auto found = in_.find(kEndOfHead, searched_);
  const auto size = found == std::string::npos ? in_.size() : found + kEndOfHead.size();
  if (size > options_.max_header_bytes) {
    reply(refusal(431, "the request's headers are longer than " + std::to_string(options_.max_header_bytes) + " bytes"),
          now);
    return std::nullopt;
  }
  if (found == std::string::npos) {
    searched_ = in_.size() - std::min(in_.size(), kEndOfHead.size() - 1);
    return std::nullopt;
  }
  std::string head = in_.substr(0, size);
  in_.erase(0, size);
  searched_ = 0;
  phase_ = Phase::working;
  return head;
}

void Connection::reply(Reply reply, MonoTime now) {
  out_ = std::move(reply.bytes);
  sent_ = 0;
  close_after_ = reply.close;
  enter(Phase::writing, now, options_.request_deadline);
  write(now);
}

void Connection::write(MonoTime now) {
  // At most one piece in a row: others have their turn before the next.
  const auto n = ::send(socket_.fd(), out_.data() + sent_, std::min(unsent(), kPiece), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && would_block()) return;
  if (n < 0) return close();
  sent_ += static_cast<std::size_t>(n);
  if (unsent() > 0) return;
  out_ = {};
  sent_ = 0;
  if (close_after_) {
    ::shutdown(socket_.fd(), SHUT_WR);
    in_ = {};
    return enter(Phase::draining, now, kDrainTime);
  }
  enter(Phase::reading, now, in_.empty() ? options_.idle_keep_alive : options_.request_deadline);
}

void Connection::drain() {
  std::array<char, 65536> discarded;
  const auto n = ::recv(socket_.fd(), discarded.data(), discarded.size(), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && !would_block())) close();
}

void Connection::expire(MonoTime now) {
  if (phase_ == Phase::reading && !in_.empty()) return reply(refusal(408, "the request did not arrive in time"), now);
  close();
}

}  // namespace ipw::web
