#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw::web {

struct Request {
  std::string path;                               // decoded
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
  std::vector<std::pair<std::string, std::string>> headers{};  // further ones
};

using Handler = std::function<Response(const Request&)>;

// One GET route. `pattern` is a whole path; a last part of `*` matches anything that is not empty
// ("/api/v1/queries/*").
struct Route {
  std::string pattern;
  Handler handler;
};

struct ServerOptions {
  std::string host{"127.0.0.1"};
  int port{0};
  std::size_t workers{8};
  std::size_t max_waiting{64};       // complete requests beyond workers + this get 503 at once
  std::size_t max_connections{256};  // a newcomer beyond this takes the place of the connection that has idled longest
  std::size_t max_header_bytes{16U << 10U};
  Seconds request_deadline{5};  // from the first byte of a request to its last, and again for its answer
  Seconds idle_keep_alive{30};
};

// The only HTTP server of the sidecar. One thread waits for all connections, collects their requests and sends their
// answers; only complete requests reach the workers. So an idle, slow or hostile client costs a file descriptor and
// never delays another one. No port sharing with another process, no bodies, GET and HEAD only.
//
// Handlers run on the workers and must be thread-safe; one that throws is logged and answered with 500. Runs from
// construction to destruction.
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
