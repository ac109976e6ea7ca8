#include "replay/demo/connection.hpp"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/text.hpp"

namespace ipw::replay::demo {
namespace {

constexpr std::size_t kMaxHead = 32U << 10U;
constexpr std::size_t kMaxBody = 16U << 20U;
constexpr auto kLinger = std::chrono::seconds(1);

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    const auto colon = line.find(':');
    if (colon == name.size() && same_name(line.substr(0, colon), name)) return trim(line.substr(colon + 1));
  }
  return {};
}

Connection::Connection(Parts parts)
    : parts_(std::move(parts)),
      readable_(parts_.loop->make_event(
          parts_.fd, EV_READ | EV_PERSIST,
          [](auto, auto, void* self) { static_cast<Connection*>(self)->on_readable(); }, this)),
      writable_(parts_.loop->make_event(
          parts_.fd, EV_WRITE, [](auto, auto, void* self) { static_cast<Connection*>(self)->on_writable(); }, this)),
      timer_(parts_.loop->make_event(
          -1, 0, [](auto, auto, void* self) { static_cast<Connection*>(self)->on_timer(); }, this)) {
  event_add(readable_.get(), nullptr);
}

Connection::~Connection() {
  exchange_.reset();
  readable_.reset();
  writable_.reset();
  ::close(parts_.fd);
}

void Connection::send(std::string_view bytes) {
  if (gone_) return;
  std::size_t taken = 0;
  // Most often the socket takes everything, and asking it first saves a turn of the loop.
  if (!blocked()) {
    const auto count = ::send(parts_.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      gone_ = true;
      return;
    }
    taken = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (taken < bytes.size()) event_add(writable_.get(), nullptr);
  }
  out_.append(bytes.substr(taken));
}

void Connection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(parts_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  gone_ = true;
}

void Connection::reply(int status, std::string_view content_type, std::string_view body,
                       std::string_view more_headers) {
  std::string all = "HTTP/1.1 " + std::to_string(status) + ' ';
  all.append(reason_phrase(status)).append("\r\nContent-Type: ").append(content_type);
  all.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n").append(more_headers);
  all.append("\r\n").append(body);
  send(all);
  finish();
}

void Connection::wake_at(MonoTime when) {
  wait_until(*timer_, when);
}

void Connection::on_readable() {
  std::array<char, 16U << 10U> part;
  const auto count = ::recv(parts_.fd, part.data(), part.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    gone_ = true;
  } else if (!refused_) {
    in_.append(part.data(), static_cast<std::size_t>(count));
    if (in_.size() > kMaxHead + kMaxBody) gone_ = true;
  }
  advance();
}

void Connection::on_writable() {
  const auto count = ::send(parts_.fd, out_.data() + out_at_, out_.size() - out_at_, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && errno != EAGAIN && errno != EINTR) gone_ = true;
  if (count > 0) out_at_ += static_cast<std::size_t>(count);
  if (out_at_ < out_.size()) {
    event_add(writable_.get(), nullptr);
  } else {
    out_.clear();
    out_at_ = 0;
    if (begun_ && !finished_) exchange_->resume(*this);
  }
  advance();
}

void Connection::on_timer() {
  if (refused_) gone_ = true;
  if (begun_ && !finished_ && !blocked()) exchange_->resume(*this);
  advance();
}

// Goes as far as it can: ends the exchange that has said all, then begins the next request that is there.
void Connection::advance() {
  while (!gone_ && !refused_) {
    if (begun_ && (!finished_ || blocked())) return;
    if (begun_) {
      exchange_.reset();
      begun_ = finished_ = false;
      gone_ = close_after_;
      continue;
    }
    if (!exchange_ && !take_head()) break;
    if (!take_body()) break;
  }
  if (gone_) parts_.gone(*this);
}

// True when a request's head was there and is understood: then it has its exchange.
bool Connection::take_head() {
  const auto end = in_.find("\r\n\r\n");
  if (std::min(end, in_.size()) > kMaxHead) return refuse(431, "the request's headers are too large"), false;
  if (end == std::string::npos) return false;
  request_ = Request{};
  request_.head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  if (!parse_head()) return false;
  exchange_ = (*parts_.accept)(request_);
  if (same_name(request_.header("Expect"), "100-continue")) send("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

bool Connection::parse_head() {
  const std::string_view line = std::string_view(request_.head).substr(0, request_.head.find("\r\n"));
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400, "not an HTTP request"), false;
  if (line.substr(last + 1) != "HTTP/1.1") return refuse(505, "only HTTP/1.1 is spoken here"), false;
  request_.method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  request_.path = target.substr(0, target.find('?'));
  close_after_ = same_name(request_.header("Connection"), "close");

  if (!request_.header("Transfer-Encoding").empty()) return refuse(411, "the body needs a Content-Length"), false;
  const auto length = request_.header("Content-Length");
  body_size_ = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), body_size_);
  if (!length.empty() && (error != std::errc{} || end != length.data() + length.size()))
    return refuse(400, "Content-Length is not a number"), false;
  if (body_size_ > kMaxBody) return refuse(413, "the body is larger than 16 MiB"), false;
  return true;
}

bool Connection::take_body() {
  if (in_.size() < body_size_) return false;
  request_.body = in_.substr(0, body_size_);
  in_.erase(0, body_size_);
  request_.read_at = std::chrono::steady_clock::now();
  begun_ = true;
  exchange_->begin(*this, request_);
  return true;
}

// Closing at once, with bytes unread, would reset the connection and take the explanation with it.
void Connection::refuse(int status, std::string_view why) {
  reply(status, "text/plain", std::string(why) + '\n');
  refused_ = true;
  in_.clear();
  ::shutdown(parts_.fd, SHUT_WR);
  wake_at(std::chrono::steady_clock::now() + kLinger);
}

}  // namespace ipw::replay::demo
