#pragma once

#include <functional>
#include <map>

#include "base/time.hpp"

namespace ipw::testing {

// Time that leaps to whatever comes next, the end of a sleep or something put off with at(): hours pass in no time, and
// the same way every time. Everything happens on the one thread that sleeps; others may read the time of no event.
class EventClock final : public Clock {
 public:
  MonoTime now() const override { return now_; }
  bool sleep_until(MonoTime until, std::stop_token stop) const override {
    while (!stop.stop_requested()) {
      if (events_.empty() || events_.begin()->first > until) {
        now_ = std::max(now_, until);
        return true;
      }
      auto event = events_.extract(events_.begin());
      now_ = std::max(now_, event.key());
      event.mapped()();
    }
    return false;
  }

  void at(MonoTime when, std::function<void()> event) { events_.emplace(when, std::move(event)); }

 private:
  mutable MonoTime now_{std::chrono::hours(1)};
  mutable std::multimap<MonoTime, std::function<void()>> events_;
};

}  // namespace ipw::testing
