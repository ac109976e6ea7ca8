#include "replay/judge_turn.hpp"

#include <chrono>

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEnough = 32;  // so many answers are worth a pause,
constexpr auto kLongEnough = 60s;    // or one that has waited so long
constexpr auto kLongestTurn = 30s;   // less than a query may wait for its next attempt
constexpr auto kShortestRest = 5s;   // in which the targets go on
constexpr auto kAskAgain = 20ms;
constexpr auto kAboutToSend = 20ms;

}  // namespace

std::optional<Hold> JudgeTurn::hold(MonoTime now) {
  std::lock_guard lock(mutex_);
  if (!wanted_ && !turn_) {
    let_go_ = now;
    return std::nullopt;
  }
  return Hold{.reason = PauseReason::judging,
              .why = "the judging model works on the same accelerator",
              .until = now + kAskAgain};
}

void JudgeTurn::started(const Started&) {
  std::lock_guard lock(mutex_);
  ++running_;
}

void JudgeTurn::ended(Attempt&) {
  std::lock_guard lock(mutex_);
  --running_;
}

bool JudgeTurn::take(MonoTime now, const Wish& wish) {
  std::lock_guard lock(mutex_);
  if (turn_) return wish.at_once || now - *turn_ < kLongestTurn;
  const bool rested = !rested_ || now - *rested_ >= kShortestRest;
  const bool due = wish.waiting >= kEnough || now - wish.oldest >= kLongEnough;
  wanted_ = wish.at_once || (rested && due);
  if (running_ > 0 || (let_go_ && now - *let_go_ < kAboutToSend)) return false;
  wanted_ = false;
  turn_ = now;
  return true;
}

void JudgeTurn::give_back(MonoTime now) {
  std::lock_guard lock(mutex_);
  if (!turn_) return;
  rested_ = now;
  turn_.reset();
  wanted_ = false;
}

}  // namespace ipw::replay
