#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::probes {

// One way to log in that a server offers in a WWW-Authenticate header (RFC 9110, 11.6.1). Names are in lower case.
struct HttpChallenge {
  std::string scheme;
  std::map<std::string, std::string> parameters;
};

// What a header's value offers, several challenges maybe; what cannot be read is left out.
std::vector<HttpChallenge> parse_challenges(std::string_view header);

// What a request's digest is made of, beside the challenge.
struct DigestRequest {
  std::string_view method, target, user, password;
  unsigned count;           // of requests with this challenge's nonce, this one included
  std::string_view cnonce;  // the client's own nonce
};

// The value of the Authorization header that answers a challenge of the scheme `digest` (RFC 7616): MD5, SHA-256 and
// SHA-512-256, with and without -sess; qop `auth` or none. Empty when the challenge asks for something else.
std::optional<std::string> digest_authorization(const HttpChallenge& challenge, const DigestRequest& request);

}  // namespace ipw::probes
