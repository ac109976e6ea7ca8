#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/attempt.hpp"
#include "replay/dialect.hpp"
#include "replay/judge.hpp"
#include "replay/pacing.hpp"
#include "replay/query_feed.hpp"
#include "replay/retry.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// Sends the queries of one feed to one target until the feed is exhausted or it is told to stop, and reports every
// attempt as events. Outcomes that may pass (connect, timeouts, 429, 5xx, a failed or cut stream) are tried again.
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
    const Bench* bench{nullptr};  // outlives the replayer
    const Clock* clock{nullptr};
    EventSink events;
    RetryPolicy retry;
    int warmup{0};     // so many queries are sent first and not counted; drawn from the feed's beginning, sent again
    Seconds grace{2};  // what running queries get after a stop request
  };
  explicit Replayer(Parts parts) : parts_(std::move(parts)) {}

  // Returns when every query has ended and was judged. After a stop request nothing new is sent; running queries get
  // `grace`, then they are cancelled, and a query that waits for its next attempt is closed by an attempt that was
  // cancelled before it was sent. Errors: invalid, when the feed reports a bad corpus (everything already sent is
  // finished first). REQUIRES: called once.
  Result<void> run(std::stop_token stop);

  // Attempts under way now. Any thread.
  std::size_t in_flight() const { return in_flight_; }

 private:
  Parts parts_;
  std::atomic<std::size_t> in_flight_{0};
};

}  // namespace ipw::replay
