#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/certificates.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace ipw::testing {

// The server's end of one connection, in the hands of a script. Calls on a connection that is gone do nothing.
class Peer {
 public:
  Peer(int socket, ssl_st* tls, std::function<void(std::string)> note)
      : socket_(socket), tls_(tls), note_(std::move(note)) {}

  // The next request whole, head and body; "" when the client has gone.
  std::string read_request();
  // False when the client has gone.
  bool send(std::string_view bytes);
  // Reads and drops what comes until the client closes: keeps silent for as long as the client bears it.
  void wait_for_close();
  // Ends the connection by a reset instead of an orderly close.
  void reset();
  // The socket's TCP_NODELAY and the like are the test's business.
  int socket() const { return socket_; }

 private:
  long receive(char* to, std::size_t size);

  int socket_;
  ssl_st* tls_;
  std::function<void(std::string)> note_;
  std::string buffer_;
};

// A server on loopback, on a port of its own, whose every connection plays a script of raw bytes: it can be as wrong as
// a test needs. The first connection plays the first script and so on; the last script is for all that follow. A
// connection closes when its script returns.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  explicit ScriptedServer(std::vector<Script> scripts, std::optional<Certificate> tls = std::nullopt);
  explicit ScriptedServer(Script script) : ScriptedServer(std::vector<Script>{std::move(script)}) {}
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::size_t connections() const;
  std::vector<std::string> requests() const;
  // Waits until so many scripts have returned.
  void await_finished(std::size_t scripts) const;

 private:
  void accept_all();
  void serve(int socket, std::size_t number);

  std::vector<Script> scripts_;
  int port_{0};  // set while listener_ is made
  int listener_;
  std::shared_ptr<ssl_ctx_st> tls_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::size_t accepted_{0}, finished_{0};
  bool closing_{false};
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

// A port on loopback at which nobody listens.
int closed_port();

// Whole responses for scripts.
std::string http_response(std::string_view status, std::string_view headers, std::string_view body);
std::string chunked(std::string_view body);  // one chunk, without the end
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
// An OpenAI stream that says `text` and ends as it should, chunked, with its head.
std::string openai_response(std::string_view text);

}  // namespace ipw::testing
