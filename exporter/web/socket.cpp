#include "exporter/web/socket.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ipw::web {

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Waker::Waker() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_.fd() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Waker::wake() {
  // A full counter wakes as well, so a failure here loses nothing.
  [[maybe_unused]] const auto ignored = ::eventfd_write(event_.fd(), 1);
}

void Waker::clear() {
  eventfd_t count = 0;
  [[maybe_unused]] const auto ignored = ::eventfd_read(event_.fd(), &count);
}

}  // namespace ipw::web
