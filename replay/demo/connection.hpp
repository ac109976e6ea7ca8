#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "replay/event_loop.hpp"

namespace ipw::replay::demo {

// One HTTP request as it was received.
struct Request {
  std::string head;          // request line and headers, each ended by CRLF
  std::string method, path;  // the path without its query
  std::string body;
  MonoTime read_at;  // when its last byte was there

  // The value of a header, trimmed; empty when it is not there. Names are compared without case.
  std::string_view header(std::string_view name) const;
};

class Connection;

// The answering of one request: made when the request's headers have been read, destroyed when the last byte of the
// answer has been handed to the socket or the client is gone, whichever comes first. Loop thread only.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // The whole request has been read.
  virtual void begin(Connection& client, const Request& request) = 0;
  // The time given to wake_at() has come, or output that had to wait has been handed over.
  virtual void resume(Connection& client) = 0;
};
using Accept = std::function<std::unique_ptr<Exchange>(const Request& head)>;

// One client's connection: HTTP/1.1 with keep-alive, of which only what this server needs is spoken (no chunked request
// bodies; sizes are bounded). A client that closes, even half, is gone at once. Loop thread only.
//
// Written on plain events and not on libevent's evhttp, which calls the handler a second time for the same request when
// a client resets its connection in mid-stream.
class Connection {
 public:
  struct Parts {
    const EventLoop* loop;                  // outlives the connection
    int fd;                                 // owned from here on
    const Accept* accept;                   // outlives the connection
    std::function<void(Connection&)> gone;  // destroys the connection; the last thing any event calls
  };
  explicit Connection(Parts parts);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // For exchanges. What the socket does not take at once is kept: send no more while blocked().
  void send(std::string_view bytes);
  bool blocked() const { return !out_.empty(); }
  // The answer is complete.
  void finish() { finished_ = true; }
  // A whole answer of known length. `more_headers` are lines, each ended by CRLF.
  void reply(int status, std::string_view content_type, std::string_view body, std::string_view more_headers = {});
  // Closes once the answer is handed over, whatever the client wants.
  void close_after_answer() { close_after_ = true; }
  // Ends the connection with a reset, whatever is still to be said.
  void reset();
  void wake_at(MonoTime when);

 private:
  void on_readable();
  void on_writable();
  void on_timer();
  void advance();
  bool take_head();
  bool parse_head();
  bool take_body();
  void refuse(int status, std::string_view why);

  Parts parts_;
  Event readable_, writable_, timer_;
  std::string in_, out_;
  std::size_t out_at_{0};  // so much of out_ has been handed over
  Request request_;
  std::size_t body_size_{0};
  std::unique_ptr<Exchange> exchange_;
  bool begun_{false};     // the exchange has its request
  bool finished_{false};  // the exchange has said all
  bool close_after_{false};
  bool refused_{false};  // waits for the client to read why, and to close
  bool gone_{false};
};

}  // namespace ipw::replay::demo
