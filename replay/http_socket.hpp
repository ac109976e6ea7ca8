#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "base/time.hpp"
#include "replay/tls.hpp"
#include "replay/url.hpp"

struct addrinfo;

namespace ipw::replay {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// What came of an operation that does not wait. `closed` is the peer's orderly end; `wants_…` says what the socket must
// become before it makes sense to try again.
struct Transfer {
  enum class End { done, wants_read, wants_write, closed, broken };
  End end{End::done};
  std::size_t count{0};  // bytes that went over, when done
  std::string why;       // of broken
};

// When bytes came: as the kernel received them, where it says so, else as the read returned. `waited` is the time
// between the two: how late we were.
struct Arrival {
  MonoTime at;
  Seconds waited{0};
};

// A connection to one server, TCP or TLS over TCP, without Nagle's delay. No call waits. One thread.
class HttpSocket {
 public:
  // Begins to connect; ready when the socket becomes writable and connect_error() is empty. The alternative is why not.
  static std::variant<HttpSocket, std::string> connect(const addrinfo& address);
  int fd() const { return socket_.get(); }
  // How connecting ended; empty when it succeeded.
  std::string connect_error() const;

  // Sets up TLS on the connected socket; false when that is not possible.
  bool begin_tls(const TlsContext& tls, const std::string& host);
  // Goes on with the handshake.
  Transfer shake_hands();

  // Whether an idle connection is still of use: not closed by the server, and nothing unasked-for has come.
  bool alive() const;
  Transfer read(char* to, std::size_t size);
  Transfer write(const char* from, std::size_t size);
  // Of the latest read.
  Arrival arrival() const { return arrival_; }
  // Whether bytes wait in TLS that the system does not announce any more.
  bool pending() const;

 private:
  explicit HttpSocket(Descriptor socket) : socket_(std::move(socket)) {}
  Transfer receive(char* to, std::size_t size, int flags);
  Transfer tls_result(int result) const;

  Descriptor socket_;
  TlsSession session_;  // null without TLS
  Arrival arrival_;
};

}  // namespace ipw::replay
