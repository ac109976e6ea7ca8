#include "replay/judge_desk.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/log.hpp"
#include "replay/attempt_stream.hpp"
#include "replay/digest.hpp"
#include "replay/excerpt.hpp"
#include "replay/retry.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr auto kForever = 1h;
constexpr auto kAskTurnAgain = 20ms;
constexpr auto kAskRivalAgain = 5s;
constexpr std::size_t kMostWaiting = 10'000;
constexpr Seconds kFirstPause{1};
constexpr std::string_view kOnceMore =
    "\n\nYour last reply was not in the form that is asked for. Reply with that one word and nothing else.";

// One case on its way: its questions are asked one after the other.
struct Job {
  JudgeCase one;
  MonoTime since;                           // when it came
  MonoTime due;                             // nothing is to be done before
  std::vector<std::string> prompts{};       // empty until a rival's answer is there
  std::vector<double> scores{};             // of the first questions
  std::string key{};                        // by which the cache knows the next question
  bool again{false};                        // the next question was answered with nonsense once
  bool cached{true};                        // nothing was asked so far
  std::unique_ptr<AttemptStream> stream{};  // while a question is under way
};

}  // namespace

class JudgeDesk::Loop {
 public:
  explicit Loop(Parts parts)
      : parts_(std::move(parts)),
        random_(static_cast<std::mt19937::result_type>(std::hash<std::string>{}(parts_.id_prefix))),
        thread_([this] { run(); }) {}
  ~Loop() {
    with([](Box& box) {
      box.drop = true;
      box.wake.request_stop();
    });
    room_.notify_all();
  }

  bool post(JudgeCase& one) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return box_.waiting < kMostWaiting || box_.away || box_.drop; });
    if (box_.waiting >= kMostWaiting) return false;
    ++box_.waiting;
    box_.cases.push_back(std::move(one));
    box_.wake.request_stop();
    return true;
  }

  void finish(std::stop_token stop, Seconds grace) {
    const std::stop_callback on_stop(stop, [&] {
      with([&](Box& box) {
        box.drop_at = parts_.clock->now() + to_chrono(grace);
        box.wake.request_stop();
      });
    });
    with([](Box& box) {
      box.finish = true;
      box.wake.request_stop();
    });
    if (thread_.joinable()) thread_.join();
  }

 private:
  using Jobs = std::list<Job>;
  struct Box {
    std::vector<JudgeCase> cases;
    std::vector<AttemptStream*> ended;
    std::size_t waiting{0};  // posted, and not yet decided
    bool finish{false};      // return once nothing is left
    bool drop{false};        // return at once
    bool away{false};        // the model does not answer
    std::optional<MonoTime> drop_at;
    std::stop_source wake;
  };

  template <class F>
  void with(F&& f) {
    std::lock_guard lock(mutex_);
    f(box_);
  }
  void run();
  void drain(std::stop_token& woken);
  void begin(JudgeCase one);
  bool find_prompts(Job& job, MonoTime now);
  void look_up(Jobs::iterator job);
  bool is_known(Jobs::iterator job);  // and then it is gone
  void send_due(MonoTime now);
  void send(Jobs::iterator job);
  void settle(Jobs::iterator job);
  void read_reply(Jobs::iterator job, const Attempt& attempt);
  void put_off(Jobs::iterator job, const Attempt& attempt, std::optional<Seconds> retry_after);
  void conclude(Jobs::iterator job, Verdict verdict);
  void fail(Jobs::iterator job, std::string why) { conclude(job, {VerdictKind::judge_error, 0, std::move(why)}); }
  MonoTime next_due(MonoTime now) const;
  void cancel_all();

  Parts parts_;
  std::mt19937 random_;
  std::mutex mutex_;  // of the box
  std::condition_variable room_;
  Box box_;
  const AttemptStream::Done done_{[this](AttemptStream& stream) {
    with([&](Box& box) {
      box.ended.push_back(&stream);
      box.wake.request_stop();
    });
  }};
  Jobs jobs_;
  std::unordered_map<const AttemptStream*, Jobs::iterator> running_;
  std::unordered_set<std::string> asked_;  // the keys of what is under way
  std::vector<AttemptStream*> ended_;      // of this turn of the loop
  MonoTime closed_until_{};                // the server is given a rest
  int failures_{0};                        // in a row
  bool finishing_{false}, dropping_{false};
  std::optional<MonoTime> drop_at_;
  std::uint64_t sequence_{0};
  std::jthread thread_;
};

void JudgeDesk::Loop::run() {
  for (;;) {
    std::stop_token woken;
    drain(woken);
    auto now = parts_.clock->now();
    if (dropping_ || (drop_at_ && now >= *drop_at_)) return cancel_all();
    send_due(now);
    if (finishing_ && jobs_.empty()) return;
    now = parts_.clock->now();
    parts_.clock->sleep_until(next_due(now), woken);
  }
}

void JudgeDesk::Loop::drain(std::stop_token& woken) {
  std::vector<JudgeCase> cases;
  ended_.clear();
  with([&](Box& box) {
    if (box.wake.stop_requested()) box.wake = std::stop_source();
    woken = box.wake.get_token();
    cases.swap(box.cases);
    ended_.swap(box.ended);
    finishing_ = box.finish;
    dropping_ = box.drop;
    drop_at_ = box.drop_at;
  });
  for (auto& one : cases) begin(std::move(one));
  for (const auto* stream : ended_) settle(running_.at(stream));
}

void JudgeDesk::Loop::begin(JudgeCase one) {
  const auto now = parts_.clock->now();
  const auto job = jobs_.insert(jobs_.end(), Job{std::move(one), now, now});
  if (job->one.judge->rival().empty()) {
    job->prompts = job->one.judge->questions(*job->one.item, *job->one.answer, std::nullopt);
    look_up(job);
  }
}

bool JudgeDesk::Loop::is_known(Jobs::iterator job) {
  const auto jobs = jobs_.size();
  look_up(job);
  return jobs_.size() != jobs;
}

// Whether the job knows what to ask; else it is put off.
bool JudgeDesk::Loop::find_prompts(Job& job, MonoTime now) {
  if (!job.prompts.empty()) return true;
  const std::string target(job.one.judge->rival());
  auto answer = parts_.rival ? parts_.rival(target, job.one.item->id) : std::optional<std::string>();
  if (answer && *answer) {
    job.prompts = job.one.judge->questions(*job.one.item, *job.one.answer, *answer);
    return true;
  }
  job.due = now + kAskRivalAgain;
  return false;
}

// Takes what the cache knows of the questions that come next.
void JudgeDesk::Loop::look_up(Jobs::iterator job) {
  while (job->scores.size() < job->prompts.size()) {
    job->key = sha256({parts_.name, job->prompts[job->scores.size()]});
    const auto known = parts_.cache->find(job->key);
    if (!known) return;
    job->scores.push_back(*known);
  }
  conclude(job, job->one.judge->conclude(job->scores));
}

void JudgeDesk::Loop::send_due(MonoTime now) {
  for (auto next = jobs_.begin(); next != jobs_.end();) {
    const auto job = next++;
    if (job->stream || job->due > now) continue;
    if (now - job->since >= to_chrono(parts_.give_up)) {
      fail(job, job->prompts.empty() ? "`" + std::string(job->one.judge->rival()) + "` has not answered this query"
                                     : "the judging model could not be asked in time");
      continue;
    }
    // The same may have been asked for another case since this one came.
    if (asked_.contains(job->key) || !find_prompts(*job, now) || is_known(job) || asked_.contains(job->key)) continue;
    if (now < closed_until_ || running_.size() >= (failures_ > 0 ? 1 : parts_.concurrency)) break;
    if (parts_.turn && !parts_.turn->take(now, {jobs_.size(), jobs_.front().since, finishing_})) break;
    send(job);
  }
  if (parts_.turn && running_.empty()) parts_.turn->give_back(now);
}

void JudgeDesk::Loop::send(Jobs::iterator job) {
  auto item = std::make_shared<CorpusItem>();
  item->id = job->one.item->id;
  item->problem = job->prompts[job->scores.size()];
  if (job->again) item->problem += kOnceMore;
  auto query = std::make_shared<const Query>(Query{std::move(item), parts_.account, 0, Purpose::judge});
  Attempt attempt;
  attempt.id = parts_.id_prefix + "-" + std::to_string(++sequence_);
  attempt.query = query;
  attempt.scheduled_at = parts_.clock->now();
  parts_.events(Started{attempt.id, query, 1, attempt.scheduled_at});
  job->cached = false;
  job->stream = std::make_unique<AttemptStream>(std::move(attempt), parts_.dialect->decoder(), done_);
  running_.emplace(job->stream.get(), job);
  asked_.insert(job->key);
  auto& stream = *job->stream;
  parts_.transport->start(parts_.dialect->request(*query->item), stream, stream.stop_token());
}

void JudgeDesk::Loop::settle(Jobs::iterator job) {
  running_.erase(job->stream.get());
  asked_.erase(job->key);
  const auto stream = std::move(job->stream);
  stream->attempt().final = true;
  const auto attempt = std::make_shared<const Attempt>(std::move(stream->attempt()));
  parts_.events(Finished{attempt});
  if (answered(attempt->outcome) || attempt->outcome == Outcome::empty) {
    if (std::exchange(failures_, 0) > 0) log_info("the judging model answers again");
    with([](Box& box) { box.away = false; });
    return read_reply(job, *attempt);
  }
  if (may_pass(attempt->outcome)) return put_off(job, *attempt, stream->retry_after());
  fail(job, "the judging model refuses: " + attempt->reason);
}

void JudgeDesk::Loop::read_reply(Jobs::iterator job, const Attempt& attempt) {
  if (const auto score = job->one.judge->read(job->scores.size(), attempt.answer)) {
    parts_.cache->keep(job->key, *score);
    job->scores.push_back(*score);
    job->again = false;
    return look_up(job);
  }
  if (!std::exchange(job->again, true)) return;
  const std::string_view because = attempt.outcome == Outcome::length ? ", at its token limit" : "";
  fail(job,
       "the judging model said `" + excerpt(attempt.answer) + "`" + std::string(because) + ", which is no verdict");
}

void JudgeDesk::Loop::put_off(Jobs::iterator job, const Attempt& attempt, std::optional<Seconds> retry_after) {
  const auto now = parts_.clock->now();
  if (now - job->since >= to_chrono(parts_.give_up)) return fail(job, "the judging model is away: " + attempt.reason);
  if (failures_++ == 0) log_warn("the judging model cannot be asked; it is tried again", {{"reason", attempt.reason}});
  with([](Box& box) { box.away = true; });
  room_.notify_all();
  const RetryPolicy policy{.attempts = 1, .backoff = kFirstPause};
  closed_until_ = now + to_chrono(retry_delay(policy, std::min(failures_, 8), retry_after, random_));
}

void JudgeDesk::Loop::conclude(Jobs::iterator job, Verdict verdict) {
  const auto one = std::move(job->one);
  const bool cached = job->cached;
  jobs_.erase(job);
  with([](Box& box) { --box.waiting; });
  room_.notify_one();
  one.done(std::move(verdict), cached);
}

MonoTime JudgeDesk::Loop::next_due(MonoTime now) const {
  auto due = now + kForever;
  for (const auto& job : jobs_)
    if (!job.stream) due = std::min(due, std::max(job.due, closed_until_));
  // What is due now waits for room, which a reply makes, or for its turn.
  if (due <= now) due = now + (parts_.turn ? kAskTurnAgain : std::chrono::nanoseconds(kForever));
  return drop_at_ ? std::min(due, *drop_at_) : due;
}

void JudgeDesk::Loop::cancel_all() {
  for (auto& [stream, job] : running_) job->stream->cancel();
  while (!running_.empty()) {
    std::stop_token woken;
    std::vector<AttemptStream*> ended;
    with([&](Box& box) {
      if (box.wake.stop_requested()) box.wake = std::stop_source();
      woken = box.wake.get_token();
      ended.swap(box.ended);
    });
    for (const auto* stream : ended) {
      const auto job = running_.at(stream);
      running_.erase(stream);
      job->stream->attempt().final = true;
      parts_.events(Finished{std::make_shared<const Attempt>(std::move(job->stream->attempt()))});
    }
    if (!running_.empty()) parts_.clock->sleep_until(parts_.clock->now() + kForever, woken);
  }
  if (parts_.turn) parts_.turn->give_back(parts_.clock->now());
}

JudgeDesk::JudgeDesk(Parts parts) : loop_(std::make_unique<Loop>(std::move(parts))) {}
JudgeDesk::~JudgeDesk() = default;

void JudgeDesk::push(JudgeCase one) {
  if (loop_->post(one)) return;
  one.done({VerdictKind::judge_error, 0, "too many answers wait for the judging model"}, false);
}

void JudgeDesk::finish(std::stop_token stop, Seconds grace) {
  loop_->finish(stop, grace);
}

}  // namespace ipw::replay
