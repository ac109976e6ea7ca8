#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/time.hpp"

struct event;
struct event_base;

namespace ipw::replay {

struct EventFree {
  void operator()(event* e) const;
};
using Event = std::unique_ptr<event, EventFree>;

// One thread that waits for sockets and times, and calls back. Runs from start() to stop(); events are made and changed
// on its thread, or while it does not run.
class EventLoop {
 public:
  // `woken` is called on the loop's thread after wake(); `ended` is the last that is called there. Both may be empty.
  explicit EventLoop(std::function<void()> woken = {}, std::function<void()> ended = {});
  ~EventLoop();

  void start();
  // Ends the thread. Called once or more, not on the loop's thread.
  void stop();
  // Any thread, also before start() and after stop().
  void wake();

  // `fd` may be -1: an event that only time or activate() triggers. `what` is of libevent: EV_READ, EV_WRITE,
  // EV_PERSIST. `callback` is called with `subject`, which outlives the event. The event is not yet waited for:
  // event_add().
  Event make_event(int fd, short what, void (*callback)(int, short, void*), void* subject) const;
  // For libevent's own parts (listeners).
  event_base* base() const { return base_.get(); }

 private:
  struct FreeBase {
    void operator()(event_base* base) const;
  };

  std::function<void()> woken_, ended_;
  std::unique_ptr<event_base, FreeBase> base_;
  int wake_fd_;
  Event wake_;
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

// Waits for `e` until `when`: adds it with a timeout, or moves the timeout that it has.
void wait_until(event& e, MonoTime when);

}  // namespace ipw::replay
