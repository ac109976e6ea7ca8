#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace ipw::replay {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* session) const;
};
using TlsSession = std::unique_ptr<ssl_st, FreeTls>;

// What a client trusts: the system's certificates or those of one file. A server must show a certificate whose subject
// alternative names hold the host (a DNS name or an IP address) that was asked for; its common name never counts
// (RFC 9525). Immutable after open, thread-safe.
class TlsContext {
 public:
  // Errors: invalid, when `ca_file` cannot be read.
  static Result<std::unique_ptr<TlsContext>> open(const std::string& ca_file);

  // A session on the connected socket `fd`, ready for its handshake. Null when out of memory.
  TlsSession session(int fd, const std::string& host) const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
};

// Why the last call on `session` failed, in the words of the library; a refused certificate is said to be one.
std::string tls_failure(ssl_st* session);

}  // namespace ipw::replay
