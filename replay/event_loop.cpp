#include "replay/event_loop.hpp"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace ipw::replay {
namespace {

// Timers to the microsecond: by default libevent reads a clock that may be 4 ms behind.
event_base* new_base() {
  const std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(), event_config_free);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  return event_base_new_with_config(config.get());
}

}  // namespace

void EventFree::operator()(event* e) const {
  event_free(e);
}
void EventLoop::FreeBase::operator()(event_base* base) const {
  event_base_free(base);
}

EventLoop::EventLoop(std::function<void()> woken, std::function<void()> ended)
    : woken_(std::move(woken)),
      ended_(std::move(ended)),
      base_(new_base()),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const auto on_wake = [](int fd, short, void* self) {
    eventfd_t count = 0;
    ::eventfd_read(fd, &count);
    auto& loop = *static_cast<EventLoop*>(self);
    if (loop.stopping_)
      event_base_loopbreak(loop.base_.get());
    else if (loop.woken_)
      loop.woken_();
  };
  wake_ = make_event(wake_fd_, EV_READ | EV_PERSIST, on_wake, this);
  event_add(wake_.get(), nullptr);
}

EventLoop::~EventLoop() {
  stop();
  wake_.reset();
  ::close(wake_fd_);
}

void EventLoop::start() {
  thread_ = std::jthread([this] {
    // TLS writes to sockets without MSG_NOSIGNAL.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    event_base_dispatch(base_.get());
    if (ended_) ended_();
  });
}

void EventLoop::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::wake() {
  ::eventfd_write(wake_fd_, 1);
}

Event EventLoop::make_event(int fd, short what, void (*callback)(int, short, void*), void* subject) const {
  return Event(event_new(base_.get(), fd, what, callback, subject));
}

void wait_until(event& e, MonoTime when) {
  using std::chrono::microseconds;
  const auto wait = std::chrono::ceil<microseconds>(when - std::chrono::steady_clock::now());
  const auto count = std::max(wait, microseconds(0)).count();
  const timeval delay{count / 1'000'000, count % 1'000'000};
  event_add(&e, &delay);
}

}  // namespace ipw::replay
