#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "probes/http_url.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace ipw::probes {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* session) const;
};

// What a client trusts: the system's certificate authorities, or what one PEM file holds (an authority, or the meter's
// own certificate), or anything. A server must show a certificate for the host that was asked for: one of its subject
// alternative names, or its common name where it has none, as with many BMCs. Immutable after open.
class TlsTrust {
 public:
  // `ca_file` empty: the system's. Errors: invalid, when it cannot be read.
  static Result<std::unique_ptr<TlsTrust>> open(const std::string& ca_file, bool verify);

  // A session on the connected socket `fd`, ready for its handshake. Null when out of memory.
  std::unique_ptr<ssl_st, FreeTls> session(int fd, const std::string& host) const;

 private:
  TlsTrust(ssl_ctx_st* context, bool verify) : context_(context), verify_(verify) {}
  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
  bool verify_;
};

// What came of reading or writing. `count` is more than 0 when bytes went over; `closed` is the peer's orderly end.
struct Transfer {
  enum class End { bytes, closed, broken, timed_out };
  End end{End::bytes};
  std::size_t count{0};
  std::string why;  // of broken
};

// A connection to one meter, TCP or TLS over TCP, whose waits end at a deadline and never later; only resolving a name
// is a wait that no deadline ends. One thread.
class HttpConnection {
 public:
  // Resolves, connects and, with `trust`, shakes hands and checks the certificate. Errors: unavailable, and why.
  static Result<std::unique_ptr<HttpConnection>> open(const HttpUrl& url, const TlsTrust* trust, MonoTime until);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Whether an idle connection is still of use: not closed by the server, and nothing unasked-for has come.
  bool alive();
  Transfer read(char* to, std::size_t size, MonoTime until);
  Transfer write(std::string_view bytes, MonoTime until);

 private:
  explicit HttpConnection(int socket) : socket_(socket) {}
  Result<void> shake_hands(const TlsTrust& trust, const std::string& host, MonoTime until);
  template <class Operation>
  Transfer tls_transfer(Operation operation, MonoTime until);

  int socket_;
  std::unique_ptr<ssl_st, FreeTls> session_;  // null without TLS
};

}  // namespace ipw::probes
