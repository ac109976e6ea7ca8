#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw::replay {

// The names of a server's gauges of running and of waiting requests. Empty: those of the servers we know.
struct LoadMetrics {
  std::string running, waiting;
};

// Reads both from a page in Prometheus' text format, all series of a name added up. Nothing where the page has none of
// the names. Errors: invalid, for what is no such page.
// Sources: vLLM (vllm:num_requests_running), SGLang (sglang:num_running_reqs), TGI (tgi_batch_current_size), llama.cpp
// (llamacpp:requests_processing), each server's own documentation of its metrics; their counters of tokens likewise.
struct LoadCounts {
  std::optional<std::int64_t> running, waiting;
  TokenCounters tokens{};
};
Result<LoadCounts> read_load(std::string_view page, const LoadMetrics& names);

// Our own requests at one server, whichever of its targets they are of. Thread-safe.
class OwnRequests {
 public:
  void began() { ++began_; }
  void ended() { ++ended_; }
  // How many had ended: begins a stretch of time, for most_since().
  std::int64_t mark() const { return ended_; }
  // At most so many were under way at once since then.
  std::int64_t most_since(std::int64_t mark) const { return began_ - mark; }

 private:
  std::atomic<std::int64_t> began_{0}, ended_{0};
};

// The latest polls of a server's load, for as long as an attempt may look back. One thread.
class LoadHistory {
 public:
  explicit LoadHistory(Seconds keep) : keep_(keep) {}

  // `ours`: the most of our own requests that were under way while the server was asked.
  void add(MonoTime at, const LoadCounts& counts, std::int64_t ours);
  // The maximum over the last poll before `when` and all within it.
  ServerLoad most(Interval when) const;
  // What the latest poll found; empty once a later poll found nothing.
  const ServerLoad& now() const { return now_; }

 private:
  struct Poll {
    MonoTime at;
    ServerLoad load;
  };
  Seconds keep_;
  ServerLoad now_;
  std::deque<Poll> polls_;  // ascending
};

}  // namespace ipw::replay
