#include "replay/demo/loop.hpp"

#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ipw::replay::demo {
namespace {

constexpr int kBacklog = 4096;
constexpr timeval kAcceptPause{0, 100'000};

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<Addresses> resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0)
    return Error{Errc::invalid, "cannot listen on " + host + ": " + gai_strerror(code)};
  return Addresses(found, freeaddrinfo);
}

int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

// SO_REUSEADDR lets a restart take over a port whose old connections linger; it does not share one with a live server.
Result<int> listening_socket(const std::string& host, int port) {
  auto addresses = resolve(host, port);
  if (!addresses) return addresses.error();
  const addrinfo& first = **addresses;
  const int fd = ::socket(first.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd >= 0 && ::bind(fd, first.ai_addr, first.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  const std::string place = "cannot listen on " + host + ":" + std::to_string(port) + ": ";
  if (why == EADDRINUSE) return Error{Errc::unavailable, place + "the port is taken; choose another"};
  return Error{why == EADDRNOTAVAIL ? Errc::invalid : Errc::unavailable, place + std::strerror(why)};
}

}  // namespace

void Loop::ListenerFree::operator()(evconnlistener* listener) const {
  evconnlistener_free(listener);
}
Result<std::unique_ptr<Loop>> Loop::start(const std::string& host, int port, Accept accept) {
  const auto fd = listening_socket(host, port);
  if (!fd) return fd.error();
  return std::unique_ptr<Loop>(new Loop(*fd, port_of(*fd), std::move(accept)));
}

Loop::Loop(int listening_fd, int port, Accept accept)
    : port_(port),
      accept_(std::move(accept)),
      accept_again_(loop_.make_event(
          -1, 0, [](auto, auto, void* self) { evconnlistener_enable(static_cast<Loop*>(self)->listener_.get()); },
          this)),
      listener_(evconnlistener_new(
          loop_.base(), [](auto*, auto fd, auto*, auto, void* self) { static_cast<Loop*>(self)->welcome(fd); }, this,
          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listening_fd)) {
  evconnlistener_set_error_cb(listener_.get(), [](auto*, void* self) { static_cast<Loop*>(self)->pause_accepting(); });
  loop_.start();
}

void Loop::welcome(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto gone = [this](Connection& connection) { connections_.erase(&connection); };
  auto connection = std::make_unique<Connection>(Connection::Parts{&loop_, fd, &accept_, std::move(gone)});
  connections_.emplace(connection.get(), std::move(connection));
}

// Out of file descriptors: the waiting client keeps the listening socket readable, and the loop would spin on it.
void Loop::pause_accepting() {
  evconnlistener_disable(listener_.get());
  event_add(accept_again_.get(), &kAcceptPause);
}

}  // namespace ipw::replay::demo
