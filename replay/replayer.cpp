#include "replay/replayer.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>
#include <unordered_map>

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "replay/attempt_stream.hpp"
#include "replay/gates.hpp"
#include "replay/judge_thread.hpp"
#include "replay/query_line.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr auto kForever = 1h;
// How long a query may wait for its next attempt, and hold the books open: exporter/plan.cpp keeps power for longer.
constexpr auto kLongestOpen = 60s;

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
        gates_({parts.target, std::move(parts.gates), parts.single_pass, parts.events}),
        random_(static_cast<std::mt19937::result_type>(std::hash<std::string>{}(parts.id_prefix))),
        judge_({*parts.bench, parts.desk, parts.is_rival}, parts.events) {}

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
        gates_.ask(parts_.clock->now());
        put_back_retries();
        send_retries();
        send_queries();
      }
      const bool no_more = stopping_ || gates_.pass_ended() || !queries_.any();
      if (running_.empty() && retries_.empty() && no_more) return outcome();
      parts_.clock->sleep_until(next_due(), woken);
    }
  }

 private:
  struct Retry {
    MonoTime failed_at, due;
    std::shared_ptr<const Query> query;
    int number;
    int failures;  // of the attempts before
  };
  struct Running {
    std::unique_ptr<AttemptStream> stream;
    int failures;
  };

  Attempt begin(std::shared_ptr<const Query> query, int number, MonoTime scheduled);
  void send(Retry next);
  void put_back_retries();
  void send_retries();
  void send_queries();
  void settle(AttemptStream& stream);
  bool wants_another(Attempt& attempt);
  void warn_of_cache(const Attempt& attempt);
  void finish(Attempt attempt);
  void close_unsent(Retry retry, std::string why);
  void wind_down();
  MonoTime next_due() const;
  Result<void> outcome();

  Replayer::Parts& parts_;
  std::atomic<std::size_t>& in_flight_;
  QueryLine queries_;
  Gates gates_;
  std::mt19937 random_;
  Inbox inbox_;
  const AttemptStream::Done done_{[this](AttemptStream& stream) { inbox_.post(stream); }};
  std::unordered_map<AttemptStream*, Running> running_;
  std::vector<Retry> retries_;
  std::size_t warming_{0};             // warm-up attempts under way
  std::optional<MonoTime> scheduled_;  // of the next query, while its time has not come
  std::optional<MonoTime> grace_until_;
  bool stopping_{false}, cancelled_{false}, warned_of_cache_{false};
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
  const Started started{attempt.id, attempt.query, number, now};
  gates_.started(started);
  parts_.events(started);
  return attempt;
}

void Dispatch::send(Retry next) {
  auto request = parts_.dialect->request(*next.query->item);
  if (!next.query->measured()) ++warming_;
  auto stream = std::make_unique<AttemptStream>(begin(std::move(next.query), next.number, next.due),
                                                parts_.dialect->decoder(), done_);
  auto& sink = *stream;
  running_.emplace(&sink, Running{std::move(stream), next.failures});
  ++in_flight_;
  parts_.transport->start(std::move(request), sink, sink.stop_token());
}

// The books cannot pass a query that is open.
void Dispatch::put_back_retries() {
  if (!gates_.retries_held()) return;
  const auto now = parts_.clock->now();
  const auto waits_too_long = [&](const Retry& retry) {
    return gates_.pass_ended() || std::max(retry.due, now) - retry.failed_at >= kLongestOpen;
  };
  const auto first = std::stable_partition(retries_.begin(), retries_.end(), std::not_fn(waits_too_long));
  std::vector<Retry> closed(std::make_move_iterator(first), std::make_move_iterator(retries_.end()));
  retries_.erase(first, retries_.end());
  for (auto retry = closed.rbegin(); retry != closed.rend(); ++retry) {
    queries_.put_back(*retry->query);
    close_unsent(std::move(*retry), "the target is held back, and the query begins anew: " + gates_.why());
  }
}

void Dispatch::send_retries() {
  if (gates_.retries_held()) return;
  const auto now = parts_.clock->now();
  for (std::size_t i = 0; i < retries_.size();) {
    if (retries_[i].due > now) {
      ++i;
      continue;
    }
    auto retry = std::move(retries_[i]);
    retries_.erase(retries_.begin() + static_cast<std::ptrdiff_t>(i));
    send(std::move(retry));
  }
}

// A query that waits for its next attempt keeps its place: a server that asks for patience gets it.
// The warm-up goes out as fast as it may; the schedule begins when it is over.
void Dispatch::send_queries() {
  scheduled_.reset();
  const auto has_room = [this] { return running_.size() + retries_.size() < parts_.pacing->max_in_flight(); };
  while (has_room() && !gates_.pass_ended() && queries_.any()) {
    const bool warmup = queries_.next_is_warmup();
    if (!warmup && warming_ > 0) return;
    const auto now = parts_.clock->now();
    gates_.ask(now);
    if (!gates_.open()) return;
    const auto scheduled = warmup ? now : parts_.pacing->next(now - gates_.held_for()) + gates_.held_for();
    if (scheduled > now) {
      scheduled_ = scheduled;
      return;
    }
    send({now, scheduled, queries_.take(), 1, 0});
    if (!warmup) parts_.pacing->sent();
  }
}

void Dispatch::settle(AttemptStream& stream) {
  const auto owner = running_.extract(&stream);
  --in_flight_;
  auto& attempt = stream.attempt();
  if (!attempt.query->measured()) --warming_;
  const int failures = owner.mapped().failures + (answered(attempt.outcome) ? 0 : 1);
  const bool again = attempt.query->measured() &&
                     (answered(attempt.outcome) ? wants_another(attempt)
                                                : may_pass(attempt.outcome) && failures < parts_.retry.attempts);
  attempt.final = !again;
  const auto now = parts_.clock->now();
  const auto pause = retry_delay(parts_.retry, std::max(1, failures), stream.retry_after(), random_);
  const auto due = answered(attempt.outcome) ? now : now + to_chrono(pause);
  const bool asks = stream.retry_after() && (attempt.http_status == 429 || attempt.http_status == 503);
  if (asks) gates_.be_patient(due, "the server asks for patience: " + attempt.reason);
  if (!again) return finish(std::move(attempt));

  Retry retry{now, due, attempt.query, attempt.number + 1, failures};
  finish(std::move(attempt));
  retries_.push_back(std::move(retry));
}

// Judges on the spot, which only a target that is asked until it succeeds pays for.
bool Dispatch::wants_another(Attempt& attempt) {
  if (parts_.retry.until_success <= 1) return false;
  attempt.verdict = parts_.bench->judge(*attempt.query->item, attempt.answer);
  return attempt.verdict->kind != VerdictKind::correct && attempt.number < parts_.retry.until_success;
}

void Dispatch::warn_of_cache(const Attempt& attempt) {
  if (!parts_.expects_no_cache || warned_of_cache_ || attempt.usage.cached_tokens.value_or(0) == 0) return;
  warned_of_cache_ = true;
  log_warn("the server answers from its prompt cache, although `prompt_cache: bypass` asks for the whole work",
           {{"query", attempt.query->item->id}, {"cached_tokens", std::to_string(*attempt.usage.cached_tokens)}});
}

void Dispatch::finish(Attempt attempt) {
  warn_of_cache(attempt);
  gates_.ended(attempt);
  auto finished = std::make_shared<const Attempt>(std::move(attempt));
  parts_.events(Finished{finished});
  const bool counts = finished->final && finished->outcome != Outcome::cancelled && finished->query->measured();
  if (counts) judge_.push(std::move(finished));
}

// The books hold this query open since its first attempt: close it.
void Dispatch::close_unsent(Retry retry, std::string why) {
  auto attempt = begin(std::move(retry.query), retry.number, retry.due);
  attempt.sent_at = attempt.ended_at = attempt.scheduled_at = parts_.clock->now();
  attempt.final = true;
  attempt.outcome = Outcome::cancelled;
  attempt.reason = std::move(why);
  finish(std::move(attempt));
}

void Dispatch::wind_down() {
  const auto now = parts_.clock->now();
  if (!grace_until_) grace_until_ = now + to_chrono(parts_.grace);
  for (auto& retry : std::exchange(retries_, {}))
    close_unsent(std::move(retry), "stopped before this attempt was sent");
  if (cancelled_ || now < *grace_until_) return;
  cancelled_ = true;
  for (auto& [stream, running] : running_) stream->cancel();
}

MonoTime Dispatch::next_due() const {
  auto due = parts_.clock->now() + kForever;
  if (!stopping_ && !gates_.open())
    due = std::min(due, gates_.ask_again());
  else if (!stopping_ && scheduled_)
    due = std::min(due, *scheduled_);
  for (const auto& retry : retries_)
    due = std::min(due, gates_.retries_held() ? retry.failed_at + kLongestOpen : retry.due);
  if (grace_until_ && !cancelled_) due = std::min(due, *grace_until_);
  return due;
}

Result<void> Dispatch::outcome() {
  const bool cut_short = !stopping_ && gates_.pass_ended() && queries_.any();
  return cut_short ? gates_.outcome() : queries_.corpus();
}

}  // namespace

Result<void> Replayer::run(std::stop_token stop) {
  return Dispatch(parts_, in_flight_).run(stop);
}

}  // namespace ipw::replay
