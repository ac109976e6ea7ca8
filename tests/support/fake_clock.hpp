#pragma once

#include <condition_variable>
#include <mutex>

#include "base/time.hpp"

namespace ipw::testing {

// Time that stands still until the test moves it. Thread-safe.
class FakeClock final : public Clock {
 public:
  MonoTime now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  bool sleep_until(MonoTime until, std::stop_token stop) const override {
    std::unique_lock lock(mutex_);
    ++sleepers_;
    changed_.notify_all();
    moved_.wait(lock, stop, [&] { return now_ >= until; });
    --sleepers_;
    return !stop.stop_requested();
  }

  void advance(std::chrono::nanoseconds by) {
    {
      std::lock_guard lock(mutex_);
      now_ += by;
    }
    moved_.notify_all();
  }
  // Waits until `n` threads sleep on this clock.
  void await_sleepers(int n) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleepers_ >= n; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any moved_;
  mutable std::condition_variable changed_;
  mutable int sleepers_{0};
  MonoTime now_{std::chrono::hours(1)};
};

}  // namespace ipw::testing
