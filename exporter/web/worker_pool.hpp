#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ipw::web {

// A fixed number of threads and a bounded queue before them. Thread-safe. Destruction waits for the tasks that run and
// drops those that wait.
class WorkerPool {
 public:
  WorkerPool(std::size_t workers, std::size_t max_waiting);

  // False, at once, when every worker is busy and the queue is full.
  bool try_run(std::function<void()> task);

 private:
  void work(std::stop_token stop);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t running_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace ipw::web
