#pragma once

#include <memory>
#include <thread>

#include "base/bounded_queue.hpp"
#include "replay/attempt.hpp"
#include "replay/judge.hpp"
#include "replay/judge_desk.hpp"

namespace ipw::replay {

// Judges final attempts on a thread of its own, in the order they come, and reports each as Judged; what a model has to
// judge is handed to the desk, and reported as JudgementDeferred. The destructor waits for all but the desk.
class JudgeThread {
 public:
  // All outlive it.
  struct Parts {
    const Bench& bench;
    JudgeDesk* desk;  // may be null where no item of the corpus needs it
    bool is_rival;    // the answers are what others' are compared with
  };
  JudgeThread(const Parts& parts, const EventSink& events);
  ~JudgeThread() { queue_.close(); }

  // Waits while thousands are pending. Any thread.
  void push(std::shared_ptr<const Attempt> attempt) { queue_.push(std::move(attempt)); }

 private:
  using Judgeable = std::shared_ptr<const Attempt>;
  void work();
  void judge(const Judgeable& attempt);
  void ask_model(const Judgeable& attempt, const ModelJudge& judge, std::string name);
  void audit(const Judgeable& attempt, VerdictKind control);

  const Bench& bench_;
  JudgeDesk* desk_;
  const bool is_rival_;
  const EventSink& events_;
  BoundedQueue<Judgeable> queue_{4096};
  std::jthread thread_;
};

}  // namespace ipw::replay
