#include "exporter/regression/detector.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace ipw {
namespace {

constexpr unsigned kTopLevel = 12;
constexpr std::uint64_t kLives = 8;
constexpr double kDeclaredChanges = 12;  // a year that are provided for
constexpr double kRecoveryError = 0.05, kAcceptanceError = 0.05, kShownError = 0.05;

unsigned level_of(std::uint64_t number) {
  return number == 0 ? 0 : std::min<unsigned>(kTopLevel, static_cast<unsigned>(std::countr_zero(number)));
}

// Every level gets the same share of the weight that one start a query may have, and splits it among its own starts.
double ruler_weight(unsigned level) {
  const double starts = level == kTopLevel ? level : level + 1;  // one in 2^starts is of this level
  return starts * std::numbers::ln2 - std::log(kTopLevel + 1.0);
}

// Weights that add up to 1 over all starts, however many: 1/((j+1)(j+2)) for those from 2^j on, before they are
// thinned.
double recovery_weight(std::uint64_t number, unsigned level) {
  const auto block = static_cast<double>(std::bit_width(number + 1) - 1);
  return ruler_weight(level) - block * std::numbers::ln2 - std::log((block + 1) * (block + 2)) -
         std::log((kTopLevel + 2.0) / (kTopLevel + 1.0));
}

double log_add(double a, double b) {
  const double larger = std::max(a, b);
  return larger + std::log1p(std::exp(std::min(a, b) - larger));
}

}  // namespace

Detector::Detector(const Reference& reference, const Limits& limits)
    : reference_(&reference),
      limits_(limits),
      log_threshold_(std::log(2 * limits.budget.queries_per_year / limits.budget.false_alarms_per_year)),
      root_(std::sqrt(reference.predictive())),
      alarm_tilts_(tilts_from(limits.margin / root_, reference.worse())),
      acceptance_tilts_(tilts_around(limits.margin / root_, reference.better())),
      whole_{std::make_shared<Window>(reference, 0), kTopLevel,
             std::log(limits.budget.queries_per_year / kDeclaredChanges)},
      declared_(limits.declared) {
  windows_.reserve(kWindows);
}

void Detector::add(std::uint32_t item, SignedValue value, WallTime at) {
  open();
  for (const auto& started : windows_) started.window->fetch(item);
  for (const auto& started : windows_) started.window->add(*reference_, item, value, at);
  whole_.window->add(*reference_, item, value, at);
  if (changed_ && changed_ != whole_.window) changed_->add(*reference_, item, value, at);
  ++queries_;
  look();
  thin();
}

void Detector::open() {
  const auto number = queries_ - restarted_;
  const auto level = level_of(number);
  windows_.push_back({std::make_shared<Window>(*reference_, queries_), level,
                      regressed_ ? recovery_weight(number, level) : ruler_weight(level)});
}

void Detector::thin() {
  std::erase_if(windows_, [this](const Started& started) {
    return queries_ - started.window->start() >= kLives << started.level;
  });
}

void Detector::restart() {
  windows_.clear();
  restarted_ = queries_;
  declared_ = false;
}

void Detector::look() {
  if (!no_worse_) {
    const auto all = whole_.window->self_normalised(*reference_);
    no_worse_ = log_evidence(acceptance_tilts_, reference_->predictive() / all.variance,
                             (limits_.margin - all.change) / root_) >= -std::log(kAcceptanceError);
  }
  if (regressed_) {
    if (log_recovery_sum() < -std::log(kRecoveryError)) return;
    regressed_ = false;
    changed_.reset();
    restart();
    return;
  }
  const auto may = [this](const Started& started) { return may_ring(started); };
  if (!(declared_ && may_ring(whole_)) && std::ranges::none_of(windows_, may)) return;
  const auto [log_sum, largest] = alarm_sum();
  if (log_sum < log_threshold_) return;
  changed_ = largest->window;
  to_alarm_ = changed_->queries();
  still_worse_ = std::max(limits_.margin, changed_->sum() / changed_->items() / 2);
  recovery_tilts_ = tilts_around(still_worse_ / root_, reference_->better());
  regressed_ = true;
  no_worse_ = false;
  ++alarms_;
  restart();
}

// Whether the window could be the largest of a sum that rings: exp(n·mean²/2) is above any evidence.
bool Detector::may_ring(const Started& started) const {
  const auto& window = *started.window;
  if (window.sum() < limits_.margin * window.items()) return false;
  const double needed = log_threshold_ - started.log_weight - std::log(static_cast<double>(kWindows));
  if (window.sum() * window.sum() < 2 * needed * reference_->variance() * window.terms()) return false;
  const auto [change, variance] = estimate(started, 0);
  return change * change >= 2 * needed * variance;
}

// After a declared change the churn of items is not known before half of the panel was seen, and never to the window of
// the change itself, which has so little to show.
WindowEstimate Detector::estimate(const Started& started, double least_churn) const {
  const auto& window = *started.window;
  const bool unknown = limits_.declared && 2 * whole_.window->items() < static_cast<double>(reference_->known_items());
  if (unknown || started.window == whole_.window) return window.self_normalised(*reference_);
  return window.estimate(*reference_, std::max(least_churn, window.churn(*reference_)));
}

// Items that changed for good are known from every window that saw half of the panel, and count in the young ones too.
double Detector::shared_churn() const {
  const auto half = static_cast<double>(reference_->known_items()) / 2;
  double churn = 0;
  const auto take = [&](const Window& window) {
    if (window.items() >= half) churn = std::max(churn, window.churn(*reference_));
  };
  take(*whole_.window);
  for (const auto& started : windows_) take(*started.window);
  return churn;
}

Detector::AlarmSum Detector::alarm_sum() const {
  AlarmSum sum{-1e300, nullptr};
  const double shared = shared_churn();
  double largest = -1e300;
  const auto take = [&](const Started& started) {
    const auto& window = *started.window;
    if (window.items() == 0 || window.sum() < limits_.margin * window.items()) return;
    const auto [change, variance] = estimate(started, shared);
    const double log_e =
        started.log_weight + log_evidence(alarm_tilts_, reference_->predictive() / variance, change / root_);
    sum.log_sum = log_add(sum.log_sum, log_e);
    if (log_e <= largest) return;
    largest = log_e;
    sum.largest = &started;
  };
  if (declared_) take(whole_);
  for (const auto& started : windows_) take(started);
  return sum;
}

double Detector::log_recovery_sum() const {
  double sum = -1e300;
  for (const auto& started : windows_) {
    const auto& window = *started.window;
    if (window.items() == 0 || window.sum() >= limits_.margin * window.items()) continue;
    const auto [change, variance] = window.self_normalised(*reference_);
    sum = log_add(sum, started.log_weight + log_evidence(recovery_tilts_, reference_->predictive() / variance,
                                                         (still_worse_ - change) / root_));
  }
  return sum;
}

double Detector::log_e_value() const {
  return std::max(0.0, regressed_ ? log_recovery_sum() : alarm_sum().log_sum);
}

double Detector::log_threshold() const {
  return regressed_ ? -std::log(kRecoveryError) : log_threshold_;
}

double Detector::shown_error() const {
  return regressed_ ? kShownError / static_cast<double>(kWindows) : kShownError;
}

}  // namespace ipw
