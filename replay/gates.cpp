#include "replay/gates.hpp"

#include <algorithm>
#include <utility>

namespace ipw::replay {
namespace {

constexpr auto kNoticed = std::chrono::milliseconds(200);  // a shorter hold is not told

}  // namespace

void Gates::ask(MonoTime now) {
  hold_.reset();
  if (patience_ && now < patience_->until) hold_ = patience_;
  for (const auto& gate : parts_.gates) {
    if (hold_) break;
    hold_ = gate->hold(now);
  }
  tell(now);
  if (hold_ && hold_->ends_pass && parts_.single_pass) ended_by_ = hold_;
}

void Gates::tell(MonoTime now) {
  if (!hold_) {
    if (held_since_) held_for_ += now - *held_since_;
    held_since_.reset();
    if (std::exchange(paused_, std::nullopt)) parts_.events(Paused{parts_.target, now, {}, {}});
    return;
  }
  if (!held_since_) held_since_ = now;
  if (paused_ == hold_->reason || now - *held_since_ < kNoticed) return;
  paused_ = hold_->reason;
  parts_.events(Paused{parts_.target, now, hold_->reason, hold_->why});
}

MonoTime Gates::ask_again() const {
  return paused_ == hold_->reason ? hold_->until : std::min(hold_->until, *held_since_ + kNoticed);
}

Result<void> Gates::outcome() const {
  if (!ended_by_) return {};
  const bool not_ready = ended_by_->reason == PauseReason::not_ready;
  return Error{not_ready ? Errc::unavailable : Errc::cancelled, ended_by_->why};
}

void Gates::started(const Started& event) {
  for (const auto& gate : parts_.gates) gate->started(event);
}

void Gates::ended(Attempt& attempt) {
  for (const auto& gate : parts_.gates) gate->ended(attempt);
}

void Gates::be_patient(MonoTime until, const std::string& why) {
  if (patience_ && patience_->until >= until) return;
  patience_ = {.reason = PauseReason::retry_after, .why = why, .until = until};
}

}  // namespace ipw::replay
