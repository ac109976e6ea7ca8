#pragma once

#include <memory>
#include <thread>

#include "base/bounded_queue.hpp"
#include "replay/attempt.hpp"
#include "replay/judge.hpp"

namespace ipw::replay {

// Judges final attempts on a thread of its own, in the order they come, and reports each as Judged. The destructor
// waits for the last.
class JudgeThread {
 public:
  // Both outlive it.
  JudgeThread(const Bench& bench, const EventSink& events);
  ~JudgeThread() { queue_.close(); }

  // Waits while thousands are pending. Any thread.
  void push(std::shared_ptr<const Attempt> attempt) { queue_.push(std::move(attempt)); }

 private:
  void work();
  Verdict verdict_on(const Attempt& attempt) const;

  const Bench& bench_;
  const EventSink& events_;
  BoundedQueue<std::shared_ptr<const Attempt>> queue_{4096};
  std::jthread thread_;
};

}  // namespace ipw::replay
