#include "probes/http_login.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <system_error>

namespace ipw::probes {
namespace {

constexpr std::size_t kLongestSecret = 4096;

Result<std::string> secret_from_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(kLongestSecret + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (!file.is_open() || (content.empty() && errno != 0))
    return Error{Errc::unavailable,
                 "cannot read `" + path + "`: " + std::error_code(errno, std::system_category()).message()};
  content.erase(content.find_last_not_of("\r\n") + 1);
  if (content.empty()) return Error{Errc::unavailable, "`" + path + "` is empty"};
  if (content.size() > kLongestSecret) return Error{Errc::unavailable, "`" + path + "` is too long for a secret"};
  return content;
}

Result<std::string> secret_from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return std::string(value);
  return Error{Errc::unavailable, "environment variable `" + name + "` is " + (value == nullptr ? "not set" : "empty")};
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

// Like is_printable(), and without what ends a header's token.
bool is_token(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string made;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto three = text.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = (bits << 8U) | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) made += k <= three.size() ? kDigits[(bits >> (18 - 6 * k)) & 63U] : '=';
  }
  return made;
}

std::string client_nonce() {
  std::random_device random;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", static_cast<unsigned>(random()), static_cast<unsigned>(random()));
  return text;
}

// The better of two that we can answer comes first: Digest before Basic, SHA before MD5.
int rank(const HttpChallenge& challenge) {
  if (challenge.scheme == "basic") return 1;
  if (challenge.scheme != "digest" || !digest_authorization(challenge, {})) return 0;
  const auto algorithm = challenge.parameters.find("algorithm");
  return algorithm != challenge.parameters.end() && (algorithm->second[0] | 0x20) == 's' ? 3 : 2;
}

}  // namespace

HttpLogin HttpLogin::from(Options& options, std::string_view usual_user) {
  constexpr const char* kKeys[] = {"password_env", "password_file", "bearer_token_env", "bearer_token_file"};
  HttpLogin login;
  const char* given = nullptr;
  std::string where;
  for (const char* key : kKeys) {
    const bool is_file = std::string_view(key).ends_with("_file");
    const auto value = is_file ? options.file(key, "") : options.text(key, "");
    if (value.empty()) continue;
    if (given != nullptr) options.fail(key, "give either " + std::string(given) + " or " + key + ", not both");
    given = key;
    where = value;
  }
  login.user_ = options.text("user", "");
  const bool has_user = !login.user_.empty();
  if (given == nullptr) {
    if (has_user) options.fail("user", "a user needs password_env or password_file");
    return login;
  }
  const std::string_view key = given;
  login.bearer_ = key.starts_with("bearer");
  if (login.bearer_ && has_user) options.fail("user", "a bearer token has no user");
  if (!login.bearer_ && !has_user) login.user_ = usual_user;
  if (!login.bearer_ && login.user_.empty()) options.fail(key, "a password needs a `user`");
  if (!is_printable(login.user_)) options.fail("user", "it has characters that a header cannot carry");
  if (key.ends_with("_file")) login.file_ = where;
  auto secret = key.ends_with("_file") ? secret_from_file(where) : secret_from_environment(where);
  if (!secret)
    options.fail(key, secret.error().message);
  else if (!(login.bearer_ ? is_token(*secret) : is_printable(*secret)))
    options.fail(key, "the secret has characters that a header cannot carry");
  else
    login.secret_ = std::move(*secret);
  return login;
}

Result<void> HttpLogin::refresh() {
  if (file_.empty()) return {};
  auto secret = secret_from_file(file_);
  if (!secret) return secret.error();
  if (!(bearer_ ? is_token(*secret) : is_printable(*secret)))
    return Error{Errc::unavailable, "`" + file_ + "` has characters that a header cannot carry"};
  secret_ = std::move(*secret);
  return {};
}

std::string HttpLogin::authorization(std::string_view method, std::string_view target) {
  if (!configured()) return {};
  if (bearer_) return "Bearer " + secret_;
  if (!challenge_) return {};
  if (challenge_->scheme == "basic") return "Basic " + base64(user_ + ":" + secret_);
  ++count_;
  const auto nonce = client_nonce();
  return digest_authorization(*challenge_, {method, target, user_, secret_, count_, nonce}).value_or("");
}

bool HttpLogin::learn(const std::vector<std::string>& headers) {
  forget();
  if (!configured() || bearer_) return false;
  int best = 0;
  for (const auto& header : headers)
    for (auto& challenge : parse_challenges(header))
      if (const int r = rank(challenge); r > best) {
        best = r;
        challenge_ = std::move(challenge);
      }
  return challenge_.has_value();
}

void HttpLogin::forget() {
  challenge_.reset();
  count_ = 0;
}

}  // namespace ipw::probes
