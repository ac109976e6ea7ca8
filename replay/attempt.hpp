#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "replay/corpus.hpp"
#include "replay/dialect.hpp"
#include "replay/judge.hpp"
#include "replay/server_identity.hpp"

namespace ipw::replay {

// Why an attempt ended as it did (CONTRACT, "Outcomes").
enum class Outcome {
  ok,
  length,
  connect,
  tls,
  timeout_first_token,
  timeout_total,
  http_4xx,
  http_429,
  http_5xx,
  stream_error,
  stream_cut,
  unparsable,
  empty,
  cancelled,
};
constexpr std::size_t kOutcomes = 14;
std::string_view to_text(Outcome outcome);
// ok and length: the model answered, as far as it was allowed to.
constexpr bool answered(Outcome outcome) {
  return outcome == Outcome::ok || outcome == Outcome::length;
}

// Why nothing is sent to a target for a while (CONTRACT, `ipw_replay_paused`).
enum class PauseReason {
  not_ready,    // the server does not answer, is still loading, or does not serve the model
  load,         // it is busy with others' requests
  budget,       // the day's budget is spent
  retry_after,  // it has asked for patience
  judging,      // the judging model has the accelerator
};
constexpr std::size_t kPauseReasons = 5;
std::string_view to_text(PauseReason reason);

enum class Purpose {
  measure,
  warmup,  // sent, and not counted
  judge,   // asks the judging model: no query of the corpus
};

// One turn of a corpus item at one target: what its attempts have in common.
struct Query {
  std::shared_ptr<const CorpusItem> item;
  std::size_t target{0};   // index in the configuration's targets; the number of targets: the judging model
  std::uint64_t cycle{0};  // how many times the corpus was begun before
  Purpose purpose{Purpose::measure};

  bool measured() const { return purpose == Purpose::measure; }
};

// When a piece of output arrived, and how much of it: a chunk of the stream that carried text of any channel.
struct Chunk {
  MonoTime at;
  std::uint32_t bytes;  // of text
};

// The most requests that the server said it had, over the polls from just before an attempt to its end. Empty where it
// does not say.
struct ServerLoad {
  std::optional<std::int64_t> running, waiting;  // of everybody
  std::optional<std::int64_t> foreign;           // of `running`, less our own at that moment
  bool operator==(const ServerLoad&) const = default;
};

// Tokens that the server has read and generated for everybody since it started, by its own count.
struct TokenCounters {
  std::optional<double> read, generated;
  bool counts_cached{true};  // `read` contains prompt tokens that came from its cache
  explicit operator bool() const { return read && generated; }
};

// One request and all that came of it. Immutable once it is finished.
struct Attempt {
  std::string id;  // unique for ever, also over restarts
  std::shared_ptr<const Query> query;
  int number{1};      // 1, 2, ... within its query
  bool final{false};  // no further attempt follows: this one's outcome is the query's

  Outcome outcome{Outcome::cancelled};
  std::string reason;  // one sentence for a failure; the server's own words where it has some; empty when answered

  MonoTime scheduled_at, sent_at, ended_at;  // scheduled_at <= sent_at <= ended_at
  std::optional<MonoTime> first_token_at;    // first text of any channel
  std::optional<MonoTime> first_answer_at;   // first text that is not reasoning
  std::optional<MonoTime> last_token_at;
  std::vector<Chunk> chunks;    // ascending
  std::int64_t text_events{0};  // pieces of text that the server sent; several may arrive in one chunk

  std::string answer;  // the content channel
  std::size_t reasoning_bytes{0};
  std::string finish_reason;
  int http_status{0};
  Seconds client_lag{0};  // the longest that bytes had arrived and we had not yet read them
  Usage usage;
  ServerTimings timings;
  ServerLoad load;
  std::optional<Verdict> verdict;  // where whether to try again depends on it (RetryPolicy::until_success)
};

// What replay tells the books. Every attempt that was Started is Finished exactly once: a failure costs joules too.
// Judged follows the Finished of every final attempt of a measured query that was not cancelled; much later, where
// JudgementDeferred comes between, or not at all: then the program ended before, and the journal has it still open.
struct Started {
  std::string attempt_id;
  std::shared_ptr<const Query> query;
  int number;
  MonoTime at;  // not after the attempt's sent_at
};
struct Finished {
  std::shared_ptr<const Attempt> attempt;
};
struct JudgementDeferred {
  std::shared_ptr<const Attempt> attempt;
};
struct Judged {
  std::shared_ptr<const Attempt> attempt;
  Verdict verdict;
  std::string judge{};                   // its name
  std::optional<VerdictKind> control{};  // a deterministic judge's, where a model's verdict can be checked by one
  bool cached{false};                    // a model's verdict that was known already: nothing was asked
};
// What the judging model says of an answer whose verdict is a deterministic judge's: for its quality only.
struct JudgeAudited {
  std::size_t target;
  VerdictKind verdict, control;
};
// Nothing is sent to the target from now on, or, without a reason, it goes on.
struct Paused {
  std::size_t target;
  MonoTime at;
  std::optional<PauseReason> reason;
  std::string why;  // one sentence, for people
};
// What a poll of the server's own counts has found. What the server does not show is empty.
struct LoadSeen {
  std::size_t target;
  std::optional<std::int64_t> running, waiting;  // of everybody
  MonoTime at{};
  std::optional<std::int64_t> foreign{};  // of `running`, less our own at that moment
  TokenCounters tokens{};
};
// What the server says of what it runs, when it is asked first and when that has changed.
struct IdentitySeen {
  std::size_t target;
  MonoTime at;  // before it was asked
  ServerIdentity identity;
};
using AttemptEvent =
    std::variant<Started, Finished, JudgementDeferred, Judged, JudgeAudited, Paused, LoadSeen, IdentitySeen>;

// Takes events from any thread, in an order in which every Started precedes its Finished and that its Judged. May wait
// (the queue behind it is bounded and never drops).
using EventSink = std::function<void(AttemptEvent)>;

}  // namespace ipw::replay
