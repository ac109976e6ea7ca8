#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/attempt.hpp"
#include "replay/dialect.hpp"
#include "replay/judge_turn.hpp"
#include "replay/model_judge.hpp"
#include "replay/transport.hpp"
#include "replay/verdict_cache.hpp"

namespace ipw::replay {

// An answer that waits for a model's verdict.
struct JudgeCase {
  std::shared_ptr<const CorpusItem> item;
  std::shared_ptr<const std::string> answer;
  const ModelJudge* judge{nullptr};  // outlives the desk
  // Called once, from the desk's thread or the caller's of push(); not at all where the desk ends before.
  std::function<void(Verdict verdict, bool cached)> done;
};

// What a target has answered to a query; nothing where it has not yet.
using FindRival =
    std::function<Result<std::optional<std::string>>(const std::string& target, const std::string& query_id)>;

// Carries what judges ask to the judging model, some at a time, and tells their verdicts. A reply that is no verdict is
// asked for once more, then it is a judge_error. While the server is away, slow or busy, one question at a time is
// tried again, with growing pauses, until `give_up` has passed; then that is a judge_error too, and so is a refusal
// (4xx). Its requests are Started and Finished like all others, with the purpose `judge`. Thread-safe.
class JudgeDesk {
 public:
  struct Parts {
    std::string name;        // what asks: part of what the cache knows an answer by
    std::string id_prefix;   // makes attempt ids unique over restarts
    std::size_t account{0};  // Query::target of its requests
    std::unique_ptr<Dialect> dialect;
    std::unique_ptr<Transport> transport;
    std::size_t concurrency{4};
    Seconds give_up{3600};
    const Clock* clock{nullptr};
    EventSink events;
    std::shared_ptr<VerdictCache> cache;
    std::shared_ptr<JudgeTurn> turn;  // null: it may ask at any time
    FindRival rival;
  };
  explicit JudgeDesk(Parts parts);
  // Drops what is left, and waits for its thread.
  ~JudgeDesk();

  // Where 10,000 wait already: waits while the model answers, and is a judge_error at once while it is away.
  void push(JudgeCase one);
  // Waits until all is decided. After a stop request what runs gets `grace`, and what is left is dropped.
  void finish(std::stop_token stop, Seconds grace);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace ipw::replay
