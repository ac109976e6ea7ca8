#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/attempt.hpp"
#include "replay/gate.hpp"

namespace ipw::replay {

// All that may hold one target back: its gates, and the patience that its server has asked for. Tells the books of
// every pause that lasts. One thread.
class Gates {
 public:
  struct Parts {
    std::size_t target{0};
    std::vector<std::shared_ptr<Gate>> gates;  // asked in this order; the first that holds counts
    bool single_pass{false};                   // a hold may end the pass
    EventSink events;
  };
  explicit Gates(Parts parts) : parts_(std::move(parts)) {}

  // Finds out whether anything may be sent now. The rest tells what was found.
  void ask(MonoTime now);
  bool open() const { return !hold_; }
  bool retries_held() const { return hold_ && hold_->retries_too; }
  const std::string& why() const { return hold_->why; }  // REQUIRES: not open
  MonoTime ask_again() const;                            // REQUIRES: not open
  // For how long they have held so far, now ended holds only: schedules stand still meanwhile.
  std::chrono::nanoseconds held_for() const { return held_for_; }

  bool pass_ended() const { return ended_by_.has_value(); }
  // Errors: unavailable, where the pass was ended because the server is not ready; cancelled, by another hold.
  Result<void> outcome() const;

  void started(const Started& event);
  void ended(Attempt& attempt);
  // Holds everything until then.
  void be_patient(MonoTime until, const std::string& why);

 private:
  void tell(MonoTime now);

  const Parts parts_;
  std::optional<Hold> hold_, patience_, ended_by_;
  std::optional<MonoTime> held_since_;
  std::optional<PauseReason> paused_;  // as it was told
  std::chrono::nanoseconds held_for_{0};
};

}  // namespace ipw::replay
