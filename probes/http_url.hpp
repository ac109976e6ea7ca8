#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ipw::probes {

// An http or https URL in its parts. `path` has no trailing slash and is empty for the root; `query` has no `?`.
struct HttpUrl {
  bool tls{false};
  std::string host;  // IPv6 without brackets
  int port{80};
  std::string path, query;

  // Errors: invalid, for another scheme, no host, a bad port, user info or a fragment. User info is not shown.
  static Result<HttpUrl> parse(std::string_view text);
  // What stands in messages: scheme, host, port and path. The query does not: it may hold a password.
  std::string shown() const;
  std::string host_header() const;
  // What to ask the server for: `below` after the own path, the own query after that of `below`. "/" at the least.
  std::string target(std::string_view below) const;
};

}  // namespace ipw::probes
