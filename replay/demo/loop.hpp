#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/result.hpp"
#include "replay/demo/connection.hpp"

struct evconnlistener;

namespace ipw::replay::demo {

// A listening socket and the one thread that serves all its connections. Constructed running; the destructor closes
// every connection.
class Loop {
 public:
  // `accept` makes the exchange of each request, on the loop's thread. `port` 0 picks a free one.
  // Errors: unavailable, when the port is taken; invalid, when the host is not an address of this machine.
  static Result<std::unique_ptr<Loop>> start(const std::string& host, int port, Accept accept);

  int port() const { return port_; }

 private:
  struct BaseFree {
    void operator()(event_base* base) const;
  };
  struct ListenerFree {
    void operator()(evconnlistener* listener) const;
  };
  // A counter that wakes the loop from another thread.
  struct Wakeup {
    int fd;
    Wakeup();
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;
  };

  Loop(int listening_fd, int port, Accept accept);
  void welcome(int fd);
  void pause_accepting();

  int port_;
  Accept accept_;
  std::unique_ptr<event_base, BaseFree> base_;
  Wakeup wakeup_;
  Event stop_, accept_again_;
  std::unique_ptr<evconnlistener, ListenerFree> listener_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::jthread thread_;
};

}  // namespace ipw::replay::demo
