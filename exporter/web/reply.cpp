#include "exporter/web/reply.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ipw::web {
namespace {

std::string_view status_text(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 408:
      return "Request Timeout";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

Response error_response(int status, std::string_view message) {
  const nlohmann::json body{{"error", message}};
  return {status, "application/json", body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

Reply refusal(int status, std::string_view message) {
  const Response response = error_response(status, message);
  return {fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}",
                      status, status_text(status), response.content_type, response.body.size(),
                      status == 503 ? "Retry-After: 1\r\n" : "", response.body),
          true};
}

}  // namespace ipw::web
