#include "exporter/accounting/idle_floor.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr Seconds kCalm{3};    // clocks stay up for so long after the last token
constexpr Seconds kWindow{1};  // at least
constexpr double kSteady = 0.05;
constexpr std::size_t kWindows = 256, kEnough = 3;
constexpr std::size_t kLow = 4;  // a quarter is below it

}  // namespace

void IdleFloor::disturb() {
  rested_ = length_ = Seconds{0};
  energy_ = Joules{0};
  before_.reset();
}

void IdleFloor::rest(Seconds length, Joules energy) {
  rested_ += length;
  length_ += length;
  energy_ += energy;
}

void IdleFloor::mark() {
  if (configured_ || length_ < kWindow) return;
  const Watts power = energy_ / length_;
  const bool calm = rested_ - length_ >= kCalm;
  const bool steady = before_ && std::abs((power - *before_).value) <= kSteady * before_->value;
  if (calm && steady) keep(power);
  if (calm) before_ = power;
  length_ = Seconds{0};
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
