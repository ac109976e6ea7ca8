#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "replay/demo/connection.hpp"
#include "replay/event_loop.hpp"

struct evconnlistener;

namespace ipw::replay::demo {

// A listening socket and the one thread that serves all its connections. Constructed running; the destructor closes
// every connection.
class Loop {
 public:
  // `accept` makes the exchange of each request, on the loop's thread. `port` 0 picks a free one.
  // Errors: unavailable, when the port is taken; invalid, when the host is not an address of this machine.
  static Result<std::unique_ptr<Loop>> start(const std::string& host, int port, Accept accept);

  ~Loop() { loop_.stop(); }

  int port() const { return port_; }

 private:
  struct ListenerFree {
    void operator()(evconnlistener* listener) const;
  };

  Loop(int listening_fd, int port, Accept accept);
  void welcome(int fd);
  void pause_accepting();

  int port_;
  Accept accept_;
  EventLoop loop_;
  Event accept_again_;
  std::unique_ptr<evconnlistener, ListenerFree> listener_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace ipw::replay::demo
