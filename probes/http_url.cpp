#include "probes/http_url.hpp"

#include <algorithm>
#include <charconv>

namespace ipw::probes {
namespace {

Error refused(std::string_view shown, std::string_view why) {
  return {Errc::invalid, "`" + std::string(shown) + "` is not a usable URL: " + std::string(why)};
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

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  HttpUrl url;
  auto rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    url.tls = true;
    url.port = 443;
  } else if (text.find('@') != std::string_view::npos || text.find('?') != std::string_view::npos) {
    return Error{Errc::invalid, "a URL must begin with http:// or https://"};  // not shown: it may hold a password
  } else {
    return refused(text, "it must begin with http:// or https://");
  }
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    return Error{Errc::invalid, "a URL must not carry a user name or password: use `user` with `password_file`"};
  const auto shown = text.substr(0, text.find('?'));
  if (!std::ranges::all_of(rest, is_plain))
    return refused(shown, "spaces and special characters must be percent-encoded");
  if (rest.find('#') != std::string_view::npos) return refused(shown, "a fragment has no place here");
  const auto target = rest.substr(authority.size());
  const auto question = std::min(target.find('?'), target.size());
  url.path = target.substr(0, question);
  url.query = target.substr(std::min(question + 1, target.size()));
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!take_port(authority, url.port)) return refused(shown, "the port must be a number from 1 to 65535");
  if (authority.starts_with('[')) {
    if (!authority.ends_with(']')) return refused(shown, "the IPv6 address lacks its closing bracket");
    authority = authority.substr(1, authority.size() - 2);
  }
  if (authority.empty()) return refused(shown, "the host is missing");
  url.host = authority;
  return url;
}

std::string HttpUrl::shown() const {
  return (tls ? "https://" : "http://") + bracketed(host) + ":" + std::to_string(port) + path;
}

std::string HttpUrl::host_header() const {
  const bool usual = port == (tls ? 443 : 80);
  return usual ? bracketed(host) : bracketed(host) + ":" + std::to_string(port);
}

std::string HttpUrl::target(std::string_view below) const {
  auto whole = path + std::string(below);
  if (!whole.starts_with('/')) whole.insert(0, "/");
  if (query.empty()) return whole;
  return whole + (whole.find('?') == std::string::npos ? "?" : "&") + query;
}

}  // namespace ipw::probes
