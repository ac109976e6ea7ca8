#pragma once

#include <memory>
#include <mutex>

namespace ipw {

// The latest version of an immutable value: one writer replaces it, any number of readers hold on to the version they
// got. A reader never waits for the work of making a version, only for the exchange of one pointer. Thread-safe.
//
// A mutex and not std::atomic<std::shared_ptr>: libstdc++ 12 implements that one with a spin bit that thread sanitizers
// cannot follow.
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  std::shared_ptr<const T> get() const {
    std::lock_guard lock(mutex_);
    return current_;
  }
  void set(std::shared_ptr<const T> next) {
    std::lock_guard lock(mutex_);
    current_.swap(next);  // the old version dies outside the lock, in `next`
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
};

}  // namespace ipw
