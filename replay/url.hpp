#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ipw::replay {

// An http or https URL in its parts. `path` has no trailing slash and is empty for the root: "/v1".
struct Url {
  bool tls{false};
  std::string host;  // IPv6 without brackets
  int port{80};
  std::string path;

  // Errors: invalid, for another scheme, no host, a bad port, user info, a query or a fragment.
  static Result<Url> parse(std::string_view text);
  std::string origin() const;  // http://127.0.0.1:8000
};

}  // namespace ipw::replay
