#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/url.hpp"

namespace ipw::replay {

struct HttpRequest {
  std::string method{"POST"};
  std::string path;  // below the target's base URL: "/chat/completions"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct StreamTimeouts {
  Seconds connect{5}, first_token{60}, total{300};
};

// How a stream ended.
struct StreamEnd {
  enum class Cause {
    complete,  // the whole response was received
    connect,   // no connection
    tls,       // no trusted connection
    timeout_first_token,
    timeout_total,
    cut,  // the connection ended inside the response
    cancelled,
    protocol,  // not HTTP, or beyond the limits on header size
  };
  Cause cause{Cause::complete};
  std::string reason;  // one sentence, for people; empty when complete
  Seconds waited{0};   // the longest that bytes had arrived and were not yet read: our own lag
};

// Receives one response. Calls come from one thread at a time, in the order sent, response, bytes..., end; every stream
// that was started ends with exactly one end(), after which the transport does not touch the sink again.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // The exchange begins: connecting, or writing on a connection that is already there.
  virtual void sent(MonoTime at) = 0;
  virtual void response(MonoTime at, int status, const std::function<std::string(std::string_view name)>& header) = 0;
  // `at` is when the bytes arrived: the kernel's time where it tells one, else the moment the socket's read returned,
  // before anything looked at them. Returns whether the first token has been seen: from then on only the total timeout
  // applies. The bytes are the body's, in any chunking.
  virtual bool bytes(MonoTime at, std::string_view data) = 0;
  virtual void end(MonoTime at, StreamEnd end) = 0;
};

// Carries requests to one server and streams responses back. Replay's only user of HTTP. Nothing above it knows whether
// a thread or an event loop serves a stream. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Returns at once. `sink` outlives its end(). A stop request on `stop` ends the stream as cancelled.
  virtual void start(HttpRequest request, StreamSink& sink, std::stop_token stop) = 0;
};

struct TransportOptions {
  Url url;
  StreamTimeouts timeouts;
  std::size_t streams{1};  // how many may run at once: start() beyond it waits for its turn
  std::string ca_file;     // "" : the system's trust store
  std::vector<std::pair<std::string, std::string>>
      headers;  // sent with every request; may be secret, never in a message
};
// Errors: invalid (CA file cannot be read, a header with a line break).
Result<std::unique_ptr<Transport>> open_http_transport(TransportOptions options);

}  // namespace ipw::replay
