#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace ipw {

// A queue between threads that never drops: a full queue makes push() wait, which is how back-pressure reaches the
// producer. Thread-safe; any number of producers and consumers.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // Waits while the queue is full. After close() everything is still accepted, so that nothing is lost while draining.
  void push(T item) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
  }

  // Appends everything that is there to `out`, after waiting until `deadline` for the first item.
  // Returns false when the queue is closed and empty.
  bool pop_all(std::vector<T>& out, MonoTime deadline) {
    std::unique_lock lock(mutex_);
    not_empty_.wait_until(lock, deadline, [&] { return closed_ || !items_.empty(); });
    const bool open = !closed_ || !items_.empty();
    for (auto& item : items_) out.push_back(std::move(item));
    items_.clear();
    lock.unlock();
    not_full_.notify_all();
    return open;
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_, not_full_;
  std::deque<T> items_;
  bool closed_{false};
};

}  // namespace ipw
