#include "replay/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ipw::replay {

void FreeTls::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void FreeTls::operator()(ssl_st* session) const {
  SSL_free(session);
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(const std::string& ca_file) {
  std::unique_ptr<TlsContext> tls(new TlsContext(SSL_CTX_new(TLS_client_method())));
  auto* context = tls->context_.get();
  if (context == nullptr) return Error{Errc::internal, "cannot set up TLS"};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  ERR_clear_error();
  if (loaded != 1)
    return Error{Errc::invalid, "cannot read certificates from `" + ca_file + "` (a PEM file is expected)"};
  return tls;
}

TlsSession TlsContext::session(int fd, const std::string& host) const {
  TlsSession session(SSL_new(context_.get()));
  if (session == nullptr) return nullptr;
  auto* expected = SSL_get0_param(session.get());
  // By default OpenSSL falls back to the common name where no DNS name is given.
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  ERR_clear_error();
  if (!is_address && X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) != 1) return nullptr;
  if (!is_address) SSL_set_tlsext_host_name(session.get(), host.c_str());
  if (SSL_set_fd(session.get(), fd) != 1) return nullptr;
  return session;
}

std::string tls_failure(ssl_st* session) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (const auto verdict = SSL_get_verify_result(session); verdict != X509_V_OK)
    return std::string("the server's certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
  if (code == 0) return "the server closed the connection during the TLS handshake";
  const char* reason = ERR_reason_error_string(code);
  return std::string("TLS failed: ") + (reason == nullptr ? "unknown reason" : reason);
}

}  // namespace ipw::replay
