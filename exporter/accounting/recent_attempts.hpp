#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// When an attempt ran, or since when it runs: what is drawn along the power. Immutable.
struct AttemptSpan {
  std::string id, query_id;
  int attempt{1};
  bool warmup{false};  // has no record
  WallTime sent_at{};
  std::optional<WallTime> first_token_at, ended_at;  // ended_at: nothing while it runs
  std::optional<replay::Outcome> outcome;            // once it has ended
};

// The attempts of one target that run now, and the latest ones that have ended. Bounded: of more than kRunning at a
// time only the first ones are shown while they run. Owned by the ledger; one thread.
class RecentAttempts {
 public:
  static constexpr std::size_t kRunning = 64, kEnded = 256;
  using Spans = std::vector<std::shared_ptr<const AttemptSpan>>;

  void on(const replay::Started& event, const WallAnchor& anchor);
  void on(const replay::Finished& event, const WallAnchor& anchor);

  // Those that run, in the order of their start; then those that ended, the latest first.
  Spans spans() const;

 private:
  std::deque<std::shared_ptr<const AttemptSpan>> running_, ended_;
};

}  // namespace ipw
