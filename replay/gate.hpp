#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw::replay {

// What speaks against sending now.
struct Hold {
  PauseReason reason{};
  std::string why;         // one sentence, for people
  MonoTime until;          // ask again then, at the latest
  bool retries_too{true};  // false: a query that has begun may go on to its next attempt
  bool ends_pass{false};   // a single pass of the corpus ends here instead of waiting
};

// Says whether anything may be sent to a target. Asked before every request; told of every one that goes out and ends.
// The replayer's thread calls it; what an implementation shares with others is its own affair.
class Gate {
 public:
  virtual ~Gate() = default;
  // Nothing: go on. Must not block.
  virtual std::optional<Hold> hold(MonoTime now) = 0;
  virtual void started(const Started& event) = 0;
  // `attempt` is over. The gate may add what it knows of the server at that time.
  virtual void ended(Attempt& attempt) = 0;
};

}  // namespace ipw::replay
