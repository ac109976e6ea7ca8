#include "probes/http_digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace ipw::probes {
namespace {

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

// Reads a header's value from its front (RFC 9110, 5.6).
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  void skip(std::string_view any_of) { text_.remove_prefix(std::min(text_.find_first_not_of(any_of), text_.size())); }
  bool take(char c) {
    skip(" \t");
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string token() {
    const auto size = std::min(text_.find_first_of(" \t,=\""), text_.size());
    std::string word(text_.substr(0, size));
    text_.remove_prefix(size);
    return word;
  }
  std::string value() {
    if (!take('"')) return token();
    std::string content;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      content += text_.front();
      text_.remove_prefix(1);
    }
    take('"');
    return content;
  }
  void drop() { text_.remove_prefix(std::min<std::size_t>(1, text_.size())); }

 private:
  std::string_view text_;
};

const EVP_MD* hash_of(std::string_view algorithm) {
  if (algorithm.empty() || algorithm == "md5") return EVP_md5();
  if (algorithm == "sha-256") return EVP_sha256();
  if (algorithm == "sha-512-256") return EVP_sha512_256();
  return nullptr;
}

std::optional<std::string> hex_hash(const EVP_MD* hash, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, hash, nullptr) != 1) return std::nullopt;
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
  }
  return hex;
}

std::string in_quotes(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    made += c;
  }
  return made + '"';
}

// Not what could end our header's line.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

bool offers_auth(const std::string& qop) {
  HeaderReader reader(qop);
  while (!reader.at_end()) {
    reader.skip(" \t,");
    if (lower(reader.token()) == "auth") return true;
    reader.skip("=\"");
  }
  return false;
}

}  // namespace

std::vector<HttpChallenge> parse_challenges(std::string_view header) {
  std::vector<HttpChallenge> challenges;
  HeaderReader reader(header);
  for (reader.skip(" \t,"); !reader.at_end(); reader.skip(" \t,")) {
    const auto word = reader.token();
    if (word.empty()) {
      reader.drop();
    } else if (!reader.take('=')) {
      challenges.push_back({lower(word), {}});
    } else if (auto value = reader.value(); !challenges.empty()) {
      challenges.back().parameters.emplace(lower(word), std::move(value));
    }
  }
  return challenges;
}

std::optional<std::string> digest_authorization(const HttpChallenge& challenge, const DigestRequest& request) {
  const auto parameter = [&](const char* name) {
    const auto found = challenge.parameters.find(name);
    return found == challenge.parameters.end() ? std::string() : found->second;
  };
  const auto realm = parameter("realm"), nonce = parameter("nonce"), algorithm = parameter("algorithm");
  const auto qop = parameter("qop"), opaque = parameter("opaque");
  auto family = lower(algorithm);
  const bool session = family.ends_with("-sess");
  if (session) family.resize(family.size() - 5);
  const auto* hash = hash_of(family);
  if (hash == nullptr || nonce.empty() || (!qop.empty() && !offers_auth(qop))) return std::nullopt;
  if (!is_printable(realm + nonce + opaque)) return std::nullopt;

  const std::string cnonce(request.cnonce), target(request.target);
  auto secret = hex_hash(hash, std::string(request.user) + ":" + realm + ":" + std::string(request.password));
  if (secret && session) secret = hex_hash(hash, *secret + ":" + nonce + ":" + cnonce);
  const auto what = hex_hash(hash, std::string(request.method) + ":" + target);
  if (!secret || !what) return std::nullopt;
  char count[9];
  std::snprintf(count, sizeof count, "%08x", request.count);
  const auto middle = qop.empty() ? nonce : nonce + ":" + count + ":" + cnonce + ":auth";
  const auto response = hex_hash(hash, *secret + ":" + middle + ":" + *what);
  if (!response) return std::nullopt;

  auto header = "Digest username=" + in_quotes(request.user) + ", realm=" + in_quotes(realm) +
                ", nonce=" + in_quotes(nonce) + ", uri=" + in_quotes(target) + ", response=" + in_quotes(*response);
  if (!algorithm.empty()) header += ", algorithm=" + algorithm;
  if (!opaque.empty()) header += ", opaque=" + in_quotes(opaque);
  if (!qop.empty())
    header += std::string(", qop=auth, nc=") + count + ", cnonce=" + in_quotes(cnonce);
  else if (session)
    header += ", cnonce=" + in_quotes(cnonce);
  return header;
}

}  // namespace ipw::probes
