#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw::web {

struct Request {
  std::string path;
  std::multimap<std::string, std::string> query;  // decoded parameters
  std::function<std::string(const std::string& name)> header;

  std::string parameter(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string{} : found->second;
  }
};

struct Response {
  int status{200};
  std::string content_type{"text/plain; charset=utf-8"};
  std::string body;
};

using Handler = std::function<Response(const Request&)>;

// One GET route. `pattern` is a whole path; a last part of `*` matches anything that is not empty ("/api/v1/queries/*").
struct Route {
  std::string pattern;
  Handler handler;
};

struct ServerOptions {
  std::string host{"127.0.0.1"};
  int port{0};
  std::size_t workers{8};
  std::size_t max_waiting{64};      // connections beyond workers + this get 503 at once
  std::size_t max_header_bytes{16U << 10U};
  Seconds request_deadline{5};      // from the first byte of a request to its last
  Seconds idle_keep_alive{30};      // less while others wait: an idle connection never delays a request
};

// The only HTTP server of the sidecar: bounded workers, bounded headers, a deadline per request, listen backlog, no port
// sharing with another process, TCP_NODELAY, no bodies, GET and HEAD only. Handlers run on its workers and must be
// thread-safe. Runs from construction to destruction.
class HttpServer {
 public:
  // Errors: unavailable, when the address cannot be bound: says which and why.
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, std::vector<Route> routes);
  ~HttpServer();
  int port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipw::web
