#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "base/time.hpp"
#include "replay/tls.hpp"
#include "replay/transport.hpp"
#include "replay/url.hpp"

namespace ipw::replay {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// Ends the waits of one thread from another. raise() may come from any thread, the rest from the waiting one.
class Wakeup {
 public:
  Wakeup();
  void raise();
  void reset();
  bool raised() const { return raised_.load(std::memory_order_relaxed); }
  int fd() const { return event_.get(); }  // readable while raised

 private:
  Descriptor event_;
  std::atomic<bool> raised_{false};
};

// How long a wait may last, and what else ends it.
struct Patience {
  MonoTime until;
  const Wakeup* wakeup;
};

// What came of reading or writing. `count` is more than 0 when bytes went over; `closed` is the peer's orderly end.
struct Transfer {
  enum class End { bytes, closed, broken, timed_out, woken };
  End end{End::bytes};
  std::size_t count{0};
  std::string why;  // of broken
};

// A connection to one server, TCP or TLS over TCP, without Nagle's delay. Its waits end at a deadline or a wake-up,
// never later. One thread.
class ServerConnection {
 public:
  // Resolves, connects and, with `tls`, shakes hands and checks the certificate. The alternative is why not: connect
  // (also when out of patience), tls, or cancelled. Resolving a name is the one wait that no deadline ends.
  static std::variant<std::unique_ptr<ServerConnection>, StreamEnd> open(const Url& url, const TlsContext* tls,
                                                                         Patience patience);

  // Whether an idle connection is still of use: not closed by the server, and nothing unasked-for has come.
  bool alive();
  Transfer read(char* to, std::size_t size, Patience patience);
  Transfer write(const char* from, std::size_t size, Patience patience);

 private:
  explicit ServerConnection(Descriptor socket) : socket_(std::move(socket)) {}
  StreamEnd shake_hands(const TlsContext& tls, const std::string& host, Patience patience);
  template <class Operation>
  Transfer tls_transfer(Operation operation, Patience patience);

  Descriptor socket_;
  TlsSession session_;  // null without TLS
};

}  // namespace ipw::replay
