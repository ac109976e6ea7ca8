#include "replay/judge_thread.hpp"

#include "base/text.hpp"

namespace ipw::replay {
namespace {

std::shared_ptr<const CorpusItem> item_of(const Attempt& attempt) {
  return attempt.query->item;
}
std::shared_ptr<const std::string> answer_of(const std::shared_ptr<const Attempt>& attempt) {
  return {attempt, &attempt->answer};
}

}  // namespace

JudgeThread::JudgeThread(const Parts& parts, const EventSink& events)
    : bench_(parts.bench), desk_(parts.desk), is_rival_(parts.is_rival), events_(events), thread_([this] { work(); }) {}

void JudgeThread::work() {
  std::vector<Judgeable> attempts;
  while (queue_.pop_all(attempts, std::chrono::steady_clock::now() + std::chrono::hours(1))) {
    for (const auto& attempt : attempts) judge(attempt);
    attempts.clear();
  }
}

void JudgeThread::judge(const Judgeable& attempt) {
  const auto& item = *attempt->query->item;
  std::string name(bench_.judge_of(item));
  if (!answered(attempt->outcome))
    return events_(
        Judged{attempt, {VerdictKind::unanswered, 0, std::string(to_text(attempt->outcome))}, std::move(name), {}});
  const auto* model = bench_.model_judge(item);
  if (model != nullptr && !model->rival().empty() && is_rival_)
    return events_(
        Judged{attempt, {VerdictKind::tie, 0.5, "it is what others are compared with"}, std::move(name), {}});
  if (model != nullptr && desk_ != nullptr && (model->takes_silence() || !trim(attempt->answer).empty()))
    return ask_model(attempt, *model, std::move(name));
  auto verdict = attempt->verdict ? *attempt->verdict : bench_.judge(item, attempt->answer);
  if (const auto* second = bench_.second_opinion(item, verdict);
      second != nullptr && desk_ != nullptr && !attempt->verdict)
    return ask_model(attempt, *second, "llm");
  const auto kind = verdict.kind;
  events_(Judged{attempt, std::move(verdict), std::move(name), {}});
  if (bench_.audits(item) && desk_ != nullptr && !trim(attempt->answer).empty()) audit(attempt, kind);
}

void JudgeThread::ask_model(const Judgeable& attempt, const ModelJudge& judge, std::string name) {
  events_(JudgementDeferred{attempt});
  const auto control = bench_.control(*attempt->query->item, attempt->answer);
  desk_->push({item_of(*attempt), answer_of(attempt), &judge,
               [events = events_, attempt, name = std::move(name), control](Verdict verdict, bool cached) {
                 events(Judged{attempt, std::move(verdict), name, control, cached});
               }});
}

void JudgeThread::audit(const Judgeable& attempt, VerdictKind control) {
  desk_->push({item_of(*attempt), answer_of(attempt), bench_.auditor(),
               [events = events_, target = attempt->query->target, control](const Verdict& verdict, bool) {
                 events(JudgeAudited{target, verdict.kind, control});
               }});
}

}  // namespace ipw::replay
