#include "replay/judge_thread.hpp"

namespace ipw::replay {

JudgeThread::JudgeThread(const Bench& bench, const EventSink& events)
    : bench_(bench), events_(events), thread_([this] { work(); }) {}

void JudgeThread::work() {
  std::vector<std::shared_ptr<const Attempt>> attempts;
  while (queue_.pop_all(attempts, std::chrono::steady_clock::now() + std::chrono::hours(1))) {
    for (auto& attempt : attempts) {
      auto verdict = verdict_on(*attempt);
      events_(Judged{std::move(attempt), std::move(verdict)});
    }
    attempts.clear();
  }
}

Verdict JudgeThread::verdict_on(const Attempt& attempt) const {
  if (answered(attempt.outcome)) return bench_.judge(*attempt.query->item, attempt.answer);
  return {VerdictKind::unanswered, 0, std::string(to_text(attempt.outcome))};
}

}  // namespace ipw::replay
