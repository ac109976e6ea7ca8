#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/attempt.hpp"
#include "replay/dialect.hpp"
#include "replay/gate.hpp"
#include "replay/judge.hpp"
#include "replay/judge_desk.hpp"
#include "replay/pacing.hpp"
#include "replay/query_feed.hpp"
#include "replay/retry.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// Sends the queries of one feed to one target until the feed is exhausted or it is told to stop, and reports every
// attempt as events. Outcomes that may pass (connect, timeouts, 429, 5xx, a failed or cut stream) are tried again.
//
// While one of its gates holds, or the server has asked for patience (Retry-After), nothing is sent; that is told as
// Paused once it has lasted for a moment. Queries that wait for their next attempt go first when it is over; those that
// have waited for a minute are closed as cancelled, so that the books can go on, and are sent again from their first
// attempt.
//
// run() blocks; the caller gives it a thread. Judging happens on a thread of its own, so that it costs the timing
// nothing.
class Replayer {
 public:
  struct Parts {
    std::size_t target{0};  // index, for Query::target
    std::string id_prefix;  // makes attempt ids unique over restarts
    std::unique_ptr<Dialect> dialect;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Pacing> pacing;
    std::unique_ptr<QueryFeed> feed;
    const Bench* bench{nullptr};  // outlives the replayer, as does
    JudgeDesk* desk{nullptr};     // which may be null where no model judges
    bool is_rival{false};         // its answers are what others' are compared with
    const Clock* clock{nullptr};
    EventSink events;
    RetryPolicy retry;
    int warmup{0};     // so many queries are sent first and not counted; drawn from the feed's beginning, sent again
    Seconds grace{2};  // what running queries get after a stop request
    std::vector<std::shared_ptr<Gate>> gates{};  // asked in this order before anything is sent
    bool single_pass{false};                     // a gate may end the run instead of holding it back
    bool expects_no_cache{false};                // cached prompt tokens are worth a warning: `prompt_cache: bypass`
  };
  explicit Replayer(Parts parts) : parts_(std::move(parts)) {}

  // Returns when every query has ended and was judged, or handed to the desk. After a stop request nothing new is sent;
  // running queries get `grace`, then they are cancelled, and a query that waits for its next attempt is closed by an
  // attempt that was cancelled before it was sent. Errors, after everything already sent is finished: invalid, when the
  // feed reports a bad corpus; for a single pass that a gate has ended, unavailable where the server was not ready, and
  // cancelled where a limit of ours was reached. REQUIRES: called once.
  Result<void> run(std::stop_token stop);

  // Attempts under way now. Any thread.
  std::size_t in_flight() const { return in_flight_; }

 private:
  Parts parts_;
  std::atomic<std::size_t> in_flight_{0};
};

}  // namespace ipw::replay
