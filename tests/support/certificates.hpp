#pragma once

#include <memory>
#include <string>
#include <vector>

struct x509_st;
struct evp_pkey_st;

namespace ipw::testing {

struct FreeCertificate {
  void operator()(x509_st* certificate) const;
  void operator()(evp_pkey_st* key) const;
};

// A certificate and its key, made now.
struct Certificate {
  std::shared_ptr<x509_st> certificate;
  std::shared_ptr<evp_pkey_st> key;
  std::string pem() const;  // of the certificate
};

// A certificate authority that nobody trusts but the test.
class TestAuthority {
 public:
  TestAuthority();
  const Certificate& root() const { return root_; }
  // `names` as OpenSSL writes them: {"DNS:localhost", "IP:127.0.0.1"}; none at all leaves the extension out.
  Certificate issue(const std::string& common_name, const std::vector<std::string>& names) const;

 private:
  Certificate root_;
};

}  // namespace ipw::testing
