#pragma once

#include <mutex>
#include <utility>

namespace ipw {

// A value that can only be touched with its lock held. Thread-safe.
//   guarded.with([](State& s) { ... });
// REQUIRES: the function passed to with() returns no reference into the value, and does not call with() again.
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& f) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <class F>
  decltype(auto) with(F&& f) const {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace ipw
