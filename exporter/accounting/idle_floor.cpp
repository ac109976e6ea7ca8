#include "exporter/accounting/idle_floor.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

using namespace std::chrono_literals;

constexpr auto kCalm = 3s;    // clocks stay up for so long after the last token
constexpr auto kWindow = 1s;  // at least
constexpr double kSteady = 0.05;
constexpr std::size_t kWindows = 256, kEnough = 3;
constexpr std::size_t kLow = 4;  // a quarter is below it

}  // namespace

void IdleFloor::disturb() {
  rested_ = length_ = 0ns;
  energy_ = Joules{0};
  before_.reset();
}

void IdleFloor::rest(Interval when, Joules energy) {
  rested_ += when.end - when.begin;
  length_ += when.end - when.begin;
  energy_ += energy;
}

void IdleFloor::mark() {
  if (configured_ || length_ < kWindow) return;
  const Watts power = energy_ / Seconds{std::chrono::duration<double>(length_).count()};
  const bool calm = rested_ - length_ >= kCalm;
  const bool steady = before_ && std::abs((power - *before_).value) <= kSteady * before_->value;
  if (calm && steady) keep(power);
  if (calm) before_ = power;
  length_ = 0ns;
  energy_ = Joules{0};
}

void IdleFloor::keep(Watts power) {
  if (kept_.size() < kWindows)
    kept_.push_back(power);
  else
    kept_[next_++ % kWindows] = power;
  if (kept_.size() < kEnough) return;
  auto sorted = kept_;
  const auto low = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / kLow);
  std::ranges::nth_element(sorted, low);
  floor_ = *low;
}

}  // namespace ipw
