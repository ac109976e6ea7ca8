#include "probes/http_connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace ipw::probes {
namespace {

using End = Transfer::End;

Error failed(std::string why) {
  return {Errc::unavailable, std::move(why)};
}

std::string system_text(int error) {
  return std::error_code(error, std::system_category()).message();
}

// Waits until the socket is ready; End::bytes means that it is, or has an error that the next call will tell.
End wait_for(int socket, short events, MonoTime until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return End::timed_out;
    pollfd fd{socket, events, 0};
    const int ready = ::poll(&fd, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return End::bytes;
  }
}

// OpenSSL writes to the socket without MSG_NOSIGNAL.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    sigset_t pending;
    int ignored = 0;
    const bool ours = ::sigismember(&before_, SIGPIPE) == 0;
    if (ours && ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1) ::sigwait(&pipe_, &ignored);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const HttpUrl& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
  if (error != 0) return failed("cannot resolve `" + url.host + "`: " + ::gai_strerror(error));
  return Addresses(list);
}

Result<void> connect_to(int socket, const addrinfo& address, MonoTime until) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return failed("cannot connect: " + system_text(errno));
  if (wait_for(socket, POLLOUT, until) == End::timed_out) return failed("cannot connect in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failed("cannot connect: " + system_text(error));
  return {};
}

std::string tls_failure(ssl_st* session) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const auto verdict = SSL_get_verify_result(session);
  if (verdict != X509_V_OK && SSL_get_verify_mode(session) != SSL_VERIFY_NONE)
    return std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
  const char* reason = ERR_reason_error_string(code);
  return std::string("TLS failed: ") + (reason == nullptr ? "unknown reason" : reason);
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void FreeTls::operator()(ssl_st* session) const {
  SSL_free(session);
}

Result<std::unique_ptr<TlsTrust>> TlsTrust::open(const std::string& ca_file, bool verify) {
  std::unique_ptr<TlsTrust> trust(new TlsTrust(SSL_CTX_new(TLS_client_method()), verify));
  auto* context = trust->context_.get();
  if (context == nullptr) return Error{Errc::internal, "cannot set up TLS"};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // The meter's own certificate may be trusted without that of who signed it.
  if (!ca_file.empty()) X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  ERR_clear_error();
  if (loaded != 1)
    return Error{Errc::invalid, "cannot read certificates from `" + ca_file + "` (a PEM file is expected)"};
  return trust;
}

std::unique_ptr<ssl_st, FreeTls> TlsTrust::session(int fd, const std::string& host) const {
  std::unique_ptr<ssl_st, FreeTls> session(SSL_new(context_.get()));
  if (session == nullptr) return nullptr;
  auto* expected = SSL_get0_param(session.get());
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  ERR_clear_error();
  if (verify_ && !is_address && X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) != 1) return nullptr;
  if (!is_address) SSL_set_tlsext_host_name(session.get(), host.c_str());
  if (SSL_set_fd(session.get(), fd) != 1) return nullptr;
  return session;
}

Result<std::unique_ptr<HttpConnection>> HttpConnection::open(const HttpUrl& url, const TlsTrust* trust,
                                                             MonoTime until) {
  const auto addresses = resolve(url);
  if (!addresses) return addresses.error();
  auto failure = failed("`" + url.host + "` has no address");
  for (const auto* address = addresses->get(); address != nullptr; address = address->ai_next) {
    std::unique_ptr<HttpConnection> connection(new HttpConnection(::socket(address->ai_family, SOCK_STREAM, 0)));
    if (connection->socket_ < 0) {
      failure = failed("cannot open a socket: " + system_text(errno));
      continue;
    }
    if (auto ok = connect_to(connection->socket_, *address, until); !ok) {
      failure = ok.error();
      continue;
    }
    if (trust == nullptr) return connection;
    if (auto ok = connection->shake_hands(*trust, url.host, until); !ok) return ok.error();
    return connection;
  }
  return failure;
}

HttpConnection::~HttpConnection() {
  session_.reset();
  if (socket_ >= 0) ::close(socket_);
}

Result<void> HttpConnection::shake_hands(const TlsTrust& trust, const std::string& host, MonoTime until) {
  session_ = trust.session(socket_, host);
  if (session_ == nullptr) return failed("cannot set up TLS for `" + host + "`");
  const auto done = tls_transfer([&] { return SSL_connect(session_.get()); }, until);
  if (done.end == End::bytes) return {};
  if (done.end == End::timed_out) return failed("the TLS handshake did not end in time");
  return failed(done.why.empty() ? "the connection was closed during the TLS handshake" : done.why);
}

template <class Operation>
Transfer HttpConnection::tls_transfer(Operation operation, MonoTime until) {
  const NoPipeSignal quiet;
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int result = operation();
    const int reason = errno;
    if (result > 0) return {End::bytes, static_cast<std::size_t>(result), {}};
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) return {End::closed, 0, {}};
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      // A peer that just goes away, without the goodbye that TLS asks for, is common and told by what was missing.
      const auto code = ERR_peek_error();
      if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {End::closed, 0, {}};
      const bool gone = reason == 0 || reason == ECONNRESET || reason == EPIPE;
      if (error == SSL_ERROR_SYSCALL && code == 0)
        return {gone ? End::closed : End::broken, 0, gone ? std::string{} : system_text(reason)};
      return {End::broken, 0, tls_failure(session_.get())};
    }
    const auto end = wait_for(socket_, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until);
    if (end != End::bytes) return {end, 0, {}};
  }
}

bool HttpConnection::alive() {
  pollfd state{socket_, POLLIN, 0};
  if (::poll(&state, 1, 0) == 0) return true;
  if (session_ == nullptr) return false;
  // Under TLS the server may have sent a session ticket, which is no data.
  const NoPipeSignal quiet;
  char byte = 0;
  ERR_clear_error();
  const int peeked = SSL_peek(session_.get(), &byte, 1);
  return peeked <= 0 && SSL_get_error(session_.get(), peeked) == SSL_ERROR_WANT_READ;
}

Transfer HttpConnection::read(char* to, std::size_t size, MonoTime until) {
  if (session_ != nullptr)
    return tls_transfer([&] { return SSL_read(session_.get(), to, static_cast<int>(size)); }, until);
  for (;;) {
    if (const auto end = wait_for(socket_, POLLIN, until); end != End::bytes) return {end, 0, {}};
    const auto got = ::recv(socket_, to, size, 0);
    if (got > 0) return {End::bytes, static_cast<std::size_t>(got), {}};
    if (got == 0) return {End::closed, 0, {}};
    if (errno != EAGAIN && errno != EINTR) return {End::broken, 0, system_text(errno)};
  }
}

Transfer HttpConnection::write(std::string_view bytes, MonoTime until) {
  if (session_ != nullptr)
    return tls_transfer([&] { return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())); }, until);
  const NoPipeSignal quiet;
  for (;;) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), 0);
    if (sent > 0) return {End::bytes, static_cast<std::size_t>(sent), {}};
    if (errno != EAGAIN && errno != EINTR) return {End::broken, 0, system_text(errno)};
    if (const auto end = wait_for(socket_, POLLOUT, until); end != End::bytes) return {end, 0, {}};
  }
}

}  // namespace ipw::probes
