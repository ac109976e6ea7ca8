#include "replay/server_connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;
using End = Transfer::End;

std::string system_text(int error) {
  return std::error_code(error, std::system_category()).message();
}

// Waits until the socket is ready; End::bytes means that it is, or has an error that the next call will tell.
End wait_for(int socket, short events, Patience patience) {
  const auto left = patience.until - std::chrono::steady_clock::now();
  const auto wait = std::max(std::chrono::nanoseconds(left), std::chrono::nanoseconds(0));
  const timespec limit{static_cast<time_t>(wait.count() / 1'000'000'000),
                       static_cast<long>(wait.count() % 1'000'000'000)};
  pollfd fds[] = {{socket, events, 0}, {patience.wakeup->fd(), POLLIN, 0}};
  const int ready = ::ppoll(fds, 2, &limit, nullptr);
  if (ready == 0) return End::timed_out;
  if (ready > 0 && fds[1].revents != 0) return End::woken;
  return End::bytes;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::variant<Addresses, std::string> resolve(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
  if (error != 0) return "cannot resolve `" + url.host + "`: " + ::gai_strerror(error);
  return Addresses(list);
}

// Connects `socket`; why not otherwise.
StreamEnd connect_to(int socket, const addrinfo& address, Patience patience) {
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return {Cause::connect, system_text(errno)};
  int error = 0;
  socklen_t size = sizeof error;
  for (;;) {
    const auto end = wait_for(socket, POLLOUT, patience);
    if (end == End::timed_out) return {Cause::connect, "no answer in time"};
    if (end == End::woken) return {Cause::cancelled, "cancelled while connecting"};
    pollfd state{socket, POLLOUT, 0};
    if (::poll(&state, 1, 0) > 0) break;  // a signal may have ended the wait
  }
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return {Cause::connect, system_text(error)};
  return {};
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Wakeup::Wakeup() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Wakeup::raise() {
  raised_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void Wakeup::reset() {
  raised_ = false;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
}

std::variant<std::unique_ptr<ServerConnection>, StreamEnd> ServerConnection::open(const Url& url, const TlsContext* tls,
                                                                                  Patience patience) {
  auto resolved = resolve(url);
  if (const auto* why = std::get_if<std::string>(&resolved)) return StreamEnd{Cause::connect, *why};
  StreamEnd failure{Cause::connect, "no address"};
  for (const auto* address = std::get<Addresses>(resolved).get(); address != nullptr; address = address->ai_next) {
    Descriptor socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
      failure = {Cause::connect, system_text(errno)};
      continue;
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    failure = connect_to(socket.get(), *address, patience);
    if (failure.cause == Cause::cancelled) return failure;
    if (failure.cause != Cause::complete) continue;

    std::unique_ptr<ServerConnection> connection(new ServerConnection(std::move(socket)));
    if (tls == nullptr) return connection;
    failure = connection->shake_hands(*tls, url.host, patience);
    if (failure.cause == Cause::complete) return connection;
    break;
  }
  failure.reason = "cannot connect to " + url.origin() + ": " + failure.reason;
  return failure;
}

StreamEnd ServerConnection::shake_hands(const TlsContext& tls, const std::string& host, Patience patience) {
  session_ = tls.session(socket_.get(), host);
  if (session_ == nullptr) return {Cause::tls, "cannot set up TLS for `" + host + "`"};
  const auto done = tls_transfer([&] { return SSL_connect(session_.get()); }, patience);
  switch (done.end) {
    case End::bytes:
      return {};
    case End::timed_out:
      return {Cause::connect, "the TLS handshake did not end in time"};
    case End::woken:
      return {Cause::cancelled, "cancelled while connecting"};
    case End::closed:
    case End::broken:
      break;
  }
  return {Cause::tls, done.why.empty() ? "the server closed the connection during the TLS handshake" : done.why};
}

template <class Operation>
Transfer ServerConnection::tls_transfer(Operation operation, Patience patience) {
  for (;;) {
    ERR_clear_error();
    const int result = operation();
    if (result > 0) return {End::bytes, static_cast<std::size_t>(result), {}};
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) return {End::closed, 0, {}};
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      // A peer that just goes away, without the goodbye that TLS asks for, is common and told by what was missing.
      const auto code = ERR_peek_error();
      if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {End::closed, 0, {}};
      if (error == SSL_ERROR_SYSCALL && code == 0)
        return {errno == 0 ? End::closed : End::broken, 0, errno == 0 ? std::string{} : system_text(errno)};
      return {End::broken, 0, tls_failure(session_.get())};
    }
    const auto end = wait_for(socket_.get(), error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, patience);
    if (end != End::bytes) return {end, 0, {}};
  }
}

bool ServerConnection::alive() {
  pollfd state{socket_.get(), POLLIN, 0};
  if (::poll(&state, 1, 0) == 0) return true;
  if (session_ == nullptr) return false;
  // Under TLS the server may have sent a session ticket, which is no data.
  char byte = 0;
  ERR_clear_error();
  const int peeked = SSL_peek(session_.get(), &byte, 1);
  return peeked <= 0 && SSL_get_error(session_.get(), peeked) == SSL_ERROR_WANT_READ;
}

Transfer ServerConnection::read(char* to, std::size_t size, Patience patience) {
  if (session_ != nullptr)
    return tls_transfer([&] { return SSL_read(session_.get(), to, static_cast<int>(size)); }, patience);
  for (;;) {
    // Waiting first: a stream of tokens has nearly always nothing to read yet.
    if (const auto end = wait_for(socket_.get(), POLLIN, patience); end != End::bytes) return {end, 0, {}};
    const auto got = ::recv(socket_.get(), to, size, 0);
    if (got > 0) return {End::bytes, static_cast<std::size_t>(got), {}};
    if (got == 0) return {End::closed, 0, {}};
    if (errno != EAGAIN && errno != EINTR) return {End::broken, 0, system_text(errno)};
  }
}

Transfer ServerConnection::write(const char* from, std::size_t size, Patience patience) {
  if (session_ != nullptr)
    return tls_transfer([&] { return SSL_write(session_.get(), from, static_cast<int>(size)); }, patience);
  for (;;) {
    const auto sent = ::send(socket_.get(), from, size, MSG_NOSIGNAL);
    if (sent > 0) return {End::bytes, static_cast<std::size_t>(sent), {}};
    if (errno != EAGAIN && errno != EINTR) return {End::broken, 0, system_text(errno)};
    if (const auto end = wait_for(socket_.get(), POLLOUT, patience); end != End::bytes) return {end, 0, {}};
  }
}

}  // namespace ipw::replay
