#include "replay/http_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <system_error>

namespace ipw::replay {
namespace {

using End = Transfer::End;

// The kernel's clock was set between an arrival and its read if they seem further apart.
constexpr Seconds kMostWaited{10};

std::string system_text(int error) {
  return std::error_code(error, std::system_category()).message();
}

void prepare(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_TIMESTAMPNS
  ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
#endif
}

// How long ago the kernel received the last of what `message` brought.
std::optional<Seconds> since_received(msghdr& message) {
#ifdef SCM_TIMESTAMPNS
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec received{}, now{};
    std::memcpy(&received, CMSG_DATA(part), sizeof received);
    ::clock_gettime(CLOCK_REALTIME, &now);
    const Seconds waited{static_cast<double>(now.tv_sec - received.tv_sec) +
                         1e-9 * static_cast<double>(now.tv_nsec - received.tv_nsec)};
    if (waited >= Seconds{0} && waited < kMostWaited) return waited;
  }
#endif
  return std::nullopt;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::variant<HttpSocket, std::string> HttpSocket::connect(const addrinfo& address) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return system_text(errno);
  prepare(socket.get());
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)
    return system_text(errno);
  return HttpSocket(std::move(socket));
}

std::string HttpSocket::connect_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::string{} : system_text(error);
}

bool HttpSocket::begin_tls(const TlsContext& tls, const std::string& host) {
  session_ = tls.session(fd(), host);
  return session_ != nullptr;
}

Transfer HttpSocket::shake_hands() {
  ERR_clear_error();
  return tls_result(SSL_connect(session_.get()));
}

bool HttpSocket::alive() const {
  pollfd state{fd(), POLLIN, 0};
  if (::poll(&state, 1, 0) == 0) return true;
  if (session_ == nullptr) return false;
  // Under TLS the server may have sent a session ticket, which is no data.
  char byte = 0;
  ERR_clear_error();
  const int peeked = SSL_peek(session_.get(), &byte, 1);
  return peeked <= 0 && SSL_get_error(session_.get(), peeked) == SSL_ERROR_WANT_READ;
}

Transfer HttpSocket::read(char* to, std::size_t size) {
  if (session_ == nullptr) return receive(to, size, 0);
  // What TLS holds already came with what was read last.
  char byte = 0;
  if (SSL_has_pending(session_.get()) == 0) receive(&byte, 1, MSG_PEEK);
  ERR_clear_error();
  return tls_result(SSL_read(session_.get(), to, static_cast<int>(size)));
}

Transfer HttpSocket::receive(char* to, std::size_t size, int flags) {
  iovec place{to, size};
  alignas(cmsghdr) std::array<char, 64> control;
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(fd(), &message, flags);
  if (got < 0)
    return errno == EAGAIN || errno == EINTR ? Transfer{End::wants_read, 0, {}}
                                             : Transfer{End::broken, 0, system_text(errno)};
  const auto now = std::chrono::steady_clock::now();
  const auto waited = got > 0 ? since_received(message).value_or(Seconds{0}) : Seconds{0};
  // Never before what came earlier: two clocks took part.
  arrival_ = {std::max(arrival_.at, now - to_chrono(waited)), waited};
  if (got == 0) return {End::closed, 0, {}};
  return {End::done, static_cast<std::size_t>(got), {}};
}

Transfer HttpSocket::write(const char* from, std::size_t size) {
  if (session_ != nullptr) {
    ERR_clear_error();
    return tls_result(SSL_write(session_.get(), from, static_cast<int>(size)));
  }
  const auto sent = ::send(fd(), from, size, MSG_NOSIGNAL);
  if (sent >= 0) return {End::done, static_cast<std::size_t>(sent), {}};
  if (errno == EAGAIN || errno == EINTR) return {End::wants_write, 0, {}};
  return {End::broken, 0, system_text(errno)};
}

bool HttpSocket::pending() const {
  return session_ != nullptr && SSL_has_pending(session_.get()) != 0;
}

Transfer HttpSocket::tls_result(int result) const {
  if (result > 0) return {End::done, static_cast<std::size_t>(result), {}};
  const int error = SSL_get_error(session_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return {End::wants_read, 0, {}};
  if (error == SSL_ERROR_WANT_WRITE) return {End::wants_write, 0, {}};
  if (error == SSL_ERROR_ZERO_RETURN) return {End::closed, 0, {}};
  // A peer that just goes away, without the goodbye that TLS asks for, is common and told by what was missing.
  const auto code = ERR_peek_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {End::closed, 0, {}};
  if (error == SSL_ERROR_SYSCALL && code == 0)
    return errno == 0 ? Transfer{End::closed, 0, {}} : Transfer{End::broken, 0, system_text(errno)};
  return {End::broken, 0, tls_failure(session_.get())};
}

}  // namespace ipw::replay
