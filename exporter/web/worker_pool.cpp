#include "exporter/web/worker_pool.hpp"

#include <utility>

#include "exporter/web/give_way.hpp"

namespace ipw::web {

WorkerPool::WorkerPool(std::size_t workers, std::size_t max_waiting) : capacity_(workers + max_waiting) {
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this](std::stop_token stop) { work(stop); });
}

bool WorkerPool::try_run(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (running_ + waiting_.size() >= capacity_) return false;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::work(std::stop_token stop) {
  give_way();
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    const auto task = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    task();
    lock.lock();
    --running_;
  }
}

}  // namespace ipw::web
