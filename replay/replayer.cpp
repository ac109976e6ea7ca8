#include "replay/replayer.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <unordered_map>

#include "base/guarded.hpp"
#include "replay/attempt_stream.hpp"
#include "replay/judge_thread.hpp"

namespace ipw::replay {
namespace {

constexpr auto kForever = std::chrono::hours(1);

// The queries in the order they go out: the warm-up, then the whole feed from its beginning.
class Queries {
 public:
  Queries(QueryFeed& feed, std::size_t target, int warmup) : feed_(feed), target_(target) {
    for (int i = 0; i < warmup; ++i) {
      auto item = fetch();
      if (!item) break;
      warmup_.push_back(*item);
      first_.push_back(std::move(*item));
    }
  }

  // Whether another query is there; fetches it.
  bool any() {
    if (!warmup_.empty() || !first_.empty()) return true;
    auto item = fetch();
    if (item) first_.push_back(std::move(*item));
    return !first_.empty();
  }
  bool next_is_warmup() const { return !warmup_.empty(); }
  // REQUIRES: any().
  std::shared_ptr<const Query> take() {
    const bool warmup = next_is_warmup();
    auto& from = warmup ? warmup_ : first_;
    auto item = std::move(from.front());
    from.pop_front();
    return std::make_shared<const Query>(Query{std::move(item.item), target_, item.cycle, warmup});
  }
  const Result<void>& corpus() const { return corpus_; }

 private:
  std::optional<FedItem> fetch() {
    if (exhausted_) return std::nullopt;
    auto item = feed_.next();
    exhausted_ = !item || !*item;
    if (!item) corpus_ = item.error();
    return exhausted_ ? std::nullopt : std::move(*item);
  }

  QueryFeed& feed_;
  std::size_t target_;
  std::deque<FedItem> warmup_, first_;
  bool exhausted_{false};
  Result<void> corpus_;
};

// What the transport's threads leave for the dispatching one, and how they wake it.
class Inbox {
 public:
  void post(AttemptStream& ended) {
    box_.with([&](Box& box) {
      box.ended.push_back(&ended);
      box.wake.request_stop();
    });
  }
  void wake() {
    box_.with([](Box& box) { box.wake.request_stop(); });
  }
  // Empties the box. What comes after this call requests a stop on `woken`.
  std::vector<AttemptStream*> drain(std::stop_token& woken) {
    return box_.with([&](Box& box) {
      if (box.wake.stop_requested()) box.wake = std::stop_source();
      woken = box.wake.get_token();
      return std::exchange(box.ended, {});
    });
  }

 private:
  struct Box {
    std::vector<AttemptStream*> ended;
    std::stop_source wake;
  };
  Guarded<Box> box_;
};

// One run of a replayer: the thread of run() sends, settles and retries; everything here but the inbox is its own.
class Dispatch {
 public:
  Dispatch(Replayer::Parts& parts, std::atomic<std::size_t>& in_flight)
      : parts_(parts),
        in_flight_(in_flight),
        queries_(*parts.feed, parts.target, parts.warmup),
        random_(static_cast<std::mt19937::result_type>(std::hash<std::string>{}(parts.id_prefix))),
        judge_(*parts.bench, parts.events) {}

  Result<void> run(std::stop_token stop) {
    std::stop_callback on_stop(stop, [this] { inbox_.wake(); });
    for (;;) {
      std::stop_token woken;
      const auto ended = inbox_.drain(woken);
      stopping_ = stop.stop_requested();
      for (auto* stream : ended) settle(*stream);
      if (stopping_) {
        wind_down();
      } else {
        send_retries();
        send_queries();
      }
      if (running_.empty() && retries_.empty() && (stopping_ || !queries_.any())) return queries_.corpus();
      parts_.clock->sleep_until(next_due(), woken);
    }
  }

 private:
  struct Retry {
    MonoTime due;
    std::shared_ptr<const Query> query;
    int number;
  };

  Attempt begin(std::shared_ptr<const Query> query, int number, MonoTime scheduled);
  void send(std::shared_ptr<const Query> query, int number, MonoTime scheduled);
  void send_retries();
  void send_queries();
  void settle(AttemptStream& stream);
  void finish(Attempt attempt);
  void close_unsent(Retry retry);
  void wind_down();
  MonoTime next_due() const;

  Replayer::Parts& parts_;
  std::atomic<std::size_t>& in_flight_;
  Queries queries_;
  std::mt19937 random_;
  Inbox inbox_;
  const AttemptStream::Done done_{[this](AttemptStream& stream) { inbox_.post(stream); }};
  std::unordered_map<AttemptStream*, std::unique_ptr<AttemptStream>> running_;
  std::vector<Retry> retries_;
  std::size_t warming_{0};             // warm-up attempts under way
  std::optional<MonoTime> scheduled_;  // of the next query, while its time has not come
  std::optional<MonoTime> grace_until_;
  bool stopping_{false}, cancelled_{false};
  std::uint64_t sequence_{0};
  JudgeThread judge_;  // last: it ends first
};

Attempt Dispatch::begin(std::shared_ptr<const Query> query, int number, MonoTime scheduled) {
  Attempt attempt;
  attempt.id = parts_.id_prefix + "-" + std::to_string(++sequence_);
  attempt.query = std::move(query);
  attempt.number = number;
  const auto now = parts_.clock->now();
  attempt.scheduled_at = std::min(scheduled, now);
  parts_.events(Started{attempt.id, attempt.query, number, now});
  return attempt;
}

void Dispatch::send(std::shared_ptr<const Query> query, int number, MonoTime scheduled) {
  auto request = parts_.dialect->request(*query->item);
  if (query->warmup) ++warming_;
  auto stream =
      std::make_unique<AttemptStream>(begin(std::move(query), number, scheduled), parts_.dialect->decoder(), done_);
  auto& sink = *stream;
  running_.emplace(&sink, std::move(stream));
  ++in_flight_;
  parts_.transport->start(std::move(request), sink, sink.stop_token());
}

void Dispatch::send_retries() {
  const auto now = parts_.clock->now();
  for (std::size_t i = 0; i < retries_.size();) {
    if (retries_[i].due > now) {
      ++i;
      continue;
    }
    auto retry = std::move(retries_[i]);
    retries_.erase(retries_.begin() + static_cast<std::ptrdiff_t>(i));
    send(std::move(retry.query), retry.number, retry.due);
  }
}

// A query that waits for its next attempt keeps its place: a server that asks for patience gets it.
// The warm-up goes out as fast as it may; the schedule begins when it is over.
void Dispatch::send_queries() {
  scheduled_.reset();
  while (running_.size() + retries_.size() < parts_.pacing->max_in_flight() && queries_.any()) {
    const bool warmup = queries_.next_is_warmup();
    if (!warmup && warming_ > 0) return;
    const auto now = parts_.clock->now();
    const auto scheduled = warmup ? now : parts_.pacing->next(now);
    if (scheduled > now) {
      scheduled_ = scheduled;
      return;
    }
    send(queries_.take(), 1, scheduled);
    if (!warmup) parts_.pacing->sent();
  }
}

void Dispatch::settle(AttemptStream& stream) {
  const auto owner = running_.extract(&stream);
  --in_flight_;
  auto& attempt = stream.attempt();
  if (attempt.query->warmup) --warming_;
  const bool again = may_pass(attempt.outcome) && attempt.number < parts_.retry.attempts && !attempt.query->warmup;
  attempt.final = !again;
  if (!again) return finish(std::move(attempt));

  const auto wait = retry_delay(parts_.retry, attempt.number, stream.retry_after(), random_);
  Retry retry{parts_.clock->now() + to_chrono(wait), attempt.query, attempt.number + 1};
  finish(std::move(attempt));
  retries_.push_back(std::move(retry));
}

void Dispatch::finish(Attempt attempt) {
  auto finished = std::make_shared<const Attempt>(std::move(attempt));
  parts_.events(Finished{finished});
  const bool counts = finished->final && finished->outcome != Outcome::cancelled && !finished->query->warmup;
  if (counts) judge_.push(std::move(finished));
}

// The books hold this query open since its first attempt: close it.
void Dispatch::close_unsent(Retry retry) {
  auto attempt = begin(std::move(retry.query), retry.number, retry.due);
  attempt.sent_at = attempt.ended_at = attempt.scheduled_at = parts_.clock->now();
  attempt.final = true;
  attempt.outcome = Outcome::cancelled;
  attempt.reason = "stopped before this attempt was sent";
  finish(std::move(attempt));
}

void Dispatch::wind_down() {
  const auto now = parts_.clock->now();
  if (!grace_until_) grace_until_ = now + to_chrono(parts_.grace);
  for (auto& retry : std::exchange(retries_, {})) close_unsent(std::move(retry));
  if (cancelled_ || now < *grace_until_) return;
  cancelled_ = true;
  for (auto& [stream, owner] : running_) stream->cancel();
}

MonoTime Dispatch::next_due() const {
  auto due = parts_.clock->now() + kForever;
  if (scheduled_ && !stopping_) due = std::min(due, *scheduled_);
  for (const auto& retry : retries_) due = std::min(due, retry.due);
  if (grace_until_ && !cancelled_) due = std::min(due, *grace_until_);
  return due;
}

}  // namespace

Result<void> Replayer::run(std::stop_token stop) {
  return Dispatch(parts_, in_flight_).run(stop);
}

}  // namespace ipw::replay
