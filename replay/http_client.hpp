#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "replay/server_connection.hpp"
#include "replay/tls.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// The server that the clients of one transport share. Immutable.
struct HttpServer {
  Url url;
  StreamTimeouts timeouts;
  std::vector<std::pair<std::string, std::string>> headers;
  std::unique_ptr<TlsContext> tls;  // null for http
};

// Speaks HTTP/1.1 with one server, one request after the other, on a connection that is kept alive in between and
// opened again when the server has silently closed it. The library writes requests and parses responses; the socket
// under it, the deadlines and the limits on what a hostile server may send are ours.
//
// Redirects are not followed, nothing is compressed, no proxy is used. One thread.
class HttpClient {
 public:
  // Both outlive the client. `wakeup` ends the stream that is running as cancelled.
  HttpClient(const HttpServer& server, const Wakeup& wakeup);
  ~HttpClient();

  // Blocks until the response has ended. Calls sent, response and bytes of `sink`, but not end.
  StreamEnd run(HttpRequest request, StreamSink& sink);

 private:
  class Codec;
  struct Exchange;
  StreamEnd connect(const Exchange& exchange);
  // One try on the connection; `heard` tells whether the server sent anything at all.
  StreamEnd converse(Exchange& exchange, bool& heard);

  const HttpServer& server_;
  const Wakeup& wakeup_;
  std::unique_ptr<Codec> codec_;
  std::unique_ptr<ServerConnection> connection_;
};

}  // namespace ipw::replay
