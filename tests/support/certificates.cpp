#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace ipw::testing {
namespace {

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate unsigned_certificate(const std::string& common_name, long serial) {
  Certificate made{{X509_new(), FreeCertificate{}}, {EVP_EC_gen("P-256"), FreeCertificate{}}};
  auto* x = made.certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return made;
}

}  // namespace

void FreeCertificate::operator()(x509_st* certificate) const {
  X509_free(certificate);
}
void FreeCertificate::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::string Certificate::pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate.get());
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

TestAuthority::TestAuthority() : root_(unsigned_certificate("Test authority", 1)) {
  auto* x = root_.certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(x));
  extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
  extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(x, root_.key.get(), EVP_sha256());
}

Certificate TestAuthority::issue(const std::string& common_name, const std::vector<std::string>& names) const {
  auto made = unsigned_certificate(common_name, 2);
  auto* x = made.certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(root_.certificate.get()));
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ",") + name;
  if (!all.empty()) extend(x, root_.certificate.get(), NID_subject_alt_name, all);
  X509_sign(x, root_.key.get(), EVP_sha256());
  return made;
}

}  // namespace ipw::testing
