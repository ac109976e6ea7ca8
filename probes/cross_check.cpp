#include "probes/cross_check.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace ipw::probes {
namespace {

constexpr Seconds kWindow{10}, kSeldom{5};
constexpr int kUpdates = 10, kInARow = 2;
constexpr double kFar = 1.25, kNear = 1.1, kSteady = 1.25, kOftener = 5;

bool within(double ratio, double factor) {
  return ratio <= factor && ratio >= 1 / factor;
}

std::string text(double ratio) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", ratio);
  return buffer;
}

}  // namespace

void CrossCheck::on_power(Joules so_far, Watts now) {
  power_ = so_far;
  now_ = now;
  if (!window_) return;
  window_->least = std::min(window_->least, now);
  window_->most = std::max(window_->most, now);
}

void CrossCheck::on_counter(MonoTime at, Joules so_far) {
  if (!power_) return;
  const Window fresh{at, so_far, *power_, now_, now_};
  if (!window_) {
    window_ = fresh;
    return;
  }
  ++window_->counter_updates;
  if (between(window_->since, at) < kWindow || window_->counter_updates < kUpdates) return;
  const auto full = *std::exchange(window_, fresh);
  const auto counted = so_far - full.counter, integrated = *power_ - full.power;
  if (integrated.value > 0) judge(full, counted / integrated);
}

void CrossCheck::judge(const Window& window, double ratio) {
  ratio_ = ratio;
  if (window.most > window.least * kSteady) return;
  strayed_ = within(ratio, kFar) ? 0 : strayed_ + 1;
  agreed_ = within(ratio, kNear) ? agreed_ + 1 : 0;
  if (strayed_ >= kInARow)
    choose(Choice::power, "the energy counter showed " + text(ratio) + " of the integrated power, twice in a row");
  else if (agreed_ >= kInARow && is_coarse_)
    choose(Choice::power, "the energy counter moves too seldom to tell the energy of one query");
  else if (agreed_ >= kInARow)
    choose(Choice::counter, "the energy counter agrees with the integrated power again");
}

void CrossCheck::on_stuck() {
  window_.reset();
  strayed_ = agreed_ = 0;
  choose(Choice::power, "the energy counter stands still while power is drawn");
}

void CrossCheck::on_periods(std::optional<Seconds> counter, std::optional<Seconds> power) {
  is_coarse_ = counter && power && *counter >= kSeldom && *counter >= *power * kOftener;
}

void CrossCheck::choose(Choice choice, std::string reason) {
  if (choice == choice_) return;
  choice_ = choice;
  reason_ = std::move(reason);
}

}  // namespace ipw::probes
