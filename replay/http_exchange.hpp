#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/event_loop.hpp"
#include "replay/http_socket.hpp"
#include "replay/resolver.hpp"
#include "replay/response_parser.hpp"
#include "replay/tls.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

class HttpExchange;

// What was read in one turn of the loop, before anything looked at it: so no stream's bytes wait for another's parsing
// until they are stamped.
class Inflow {
 public:
  // Reads what `socket` has. True when this is the turn's first: somebody must call deliver() when all is read.
  bool read(HttpExchange& reader, HttpSocket& socket);
  // Whether enough was read for one turn.
  bool full() const;
  // Hands everything over, in order.
  void deliver();
  // Drops what is there for `reader`.
  void forget(const HttpExchange& reader);

 private:
  struct Piece {
    HttpExchange* reader;
    Transfer transfer;
    Arrival arrival;
    std::size_t at;
  };
  std::vector<char> bytes_;
  std::size_t used_{0};
  std::vector<Piece> pieces_;
};

// The server that the exchanges of one transport share, and what they run on. One thread, but for the constants.
struct HttpSite {
  Url url;
  StreamTimeouts timeouts;
  std::vector<std::pair<std::string, std::string>> headers;
  std::unique_ptr<TlsContext> tls;  // null for http

  EventLoop* loop{nullptr};
  Inflow* inflow{nullptr};
  event* deliver{nullptr};  // to be activated when the inflow holds something
  // Looks up the server's addresses; answers on the loop's thread, or never when the exchange has ended by then.
  std::function<void(HttpExchange&)> resolve;
  // The exchange is over, and its sink was told: destroys it once it has returned.
  std::function<void(HttpExchange&)> over;
};

// One request and its response on one connection: HTTP/1.1, where redirects are not followed, nothing is compressed,
// and no proxy is used. Bounds every wait. Loop thread only.
class HttpExchange {
 public:
  // `id` is unique within the transport. The site and the sink outlive the exchange.
  HttpExchange(std::uint64_t id, const HttpSite& site, HttpRequest request, StreamSink& sink);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  std::uint64_t id() const { return id_; }
  // `kept` is an idle connection to the server. May end the exchange at once.
  void begin(std::optional<HttpSocket> kept);
  void resolved(const Resolved& addresses);
  void take(const Transfer& transfer, Arrival arrival, std::string_view bytes);
  // Whatever it has received may have waited for so long.
  void was_late(Seconds by) {
    if (state_ == State::talking) waited_ = std::max(waited_, by);
  }
  void cancel();

  // After its end: the connection, when it can carry another exchange.
  std::optional<HttpSocket> release();

 private:
  enum class State { resolving, connecting, shaking, talking, over };

  std::string request_text(const HttpRequest& request) const;
  void connect();
  void try_next(std::string why);
  void advance();
  void talk();
  void write();
  void on_readable();
  void digest(Arrival arrival, std::string_view bytes);
  void receive_rest();
  void connection_ended(const std::string& why);
  void on_deadline();
  void watch(short what);
  void set_deadline();
  void end(StreamEnd::Cause cause, std::string reason);

  const std::uint64_t id_;
  const HttpSite& site_;
  StreamSink& sink_;
  std::string out_;         // the request,
  std::size_t written_{0};  // of which so much is written
  State state_{State::resolving};
  std::string refused_;  // why the request cannot be sent
  std::optional<HttpSocket> socket_;
  Event readable_, writable_, deadline_;
  Addresses addresses_;
  const addrinfo* address_{nullptr};  // the one being tried
  bool kept_{false};                  // on a connection that served before
  ResponseParser parser_;
  bool reusable_{false}, token_seen_{false};
  MonoTime began_, connect_until_, first_token_until_, total_until_;
  Seconds waited_{0};  // the longest that bytes of it were not read
};

}  // namespace ipw::replay
