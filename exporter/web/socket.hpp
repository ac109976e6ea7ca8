#pragma once

#include <utility>

namespace ipw::web {

// Owns a file descriptor; -1 when there is none.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Ends a poll() from another thread. Thread-safe.
class Waker {
 public:
  Waker();
  int fd() const { return event_.fd(); }
  void wake();
  void clear();

 private:
  Socket event_;
};

}  // namespace ipw::web
