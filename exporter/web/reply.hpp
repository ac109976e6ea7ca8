#pragma once

#include <string>
#include <string_view>

#include "exporter/web/http_server.hpp"

namespace ipw::web {

// The bytes that answer one request, and whether the connection ends with them.
struct Reply {
  std::string bytes;
  bool close{false};
};

// A response of the form {"error": "..."}.
Response error_response(int status, std::string_view message);

// What a client is told whose request never reaches the HTTP library; its connection ends.
Reply refusal(int status, std::string_view message);

}  // namespace ipw::web
