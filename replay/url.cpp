#include "replay/url.hpp"

#include <algorithm>
#include <charconv>

namespace ipw::replay {
namespace {

Error refused(std::string_view text, std::string_view why) {
  return {Errc::invalid, "`" + std::string(text) + "` is not a usable URL: " + std::string(why)};
}

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

// Takes ":8000" off the end of `authority`; false when what follows the colon is no port.
bool take_port(std::string_view& authority, int& port) {
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (colon == std::string_view::npos) return true;
  const auto digits = authority.substr(colon + 1);
  authority = authority.substr(0, colon);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  Url url;
  auto rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    url.tls = true;
    url.port = 443;
  } else {
    return refused(text, "it must begin with http:// or https://");
  }
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    // Not shown: it may hold a password.
    return Error{Errc::invalid, "a URL must not carry a user name or password: use api_key_env or api_key_file"};
  }
  if (!std::ranges::all_of(rest, is_plain))
    return refused(text, "spaces and special characters must be percent-encoded");
  if (rest.find_first_of("?#") != std::string_view::npos) return refused(text, "a query or fragment has no place here");
  url.path = rest.substr(authority.size());
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!take_port(authority, url.port)) return refused(text, "the port must be a number from 1 to 65535");
  if (authority.starts_with('[')) {
    if (!authority.ends_with(']')) return refused(text, "the IPv6 address lacks its closing bracket");
    authority = authority.substr(1, authority.size() - 2);
  }
  if (authority.empty()) return refused(text, "the host is missing");
  url.host = authority;
  return url;
}

std::string Url::origin() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "http://") + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace ipw::replay
