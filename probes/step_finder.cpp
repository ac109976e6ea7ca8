#include "probes/step_finder.hpp"

#include <algorithm>
#include <cmath>

namespace ipw::probes {
namespace {

constexpr double kStep = 0.4;       // of the higher power: what is less may be noise
constexpr double kUncertain = 0.1;  // of the interval

Watts power(const StepFinder::Point& from, const StepFinder::Point& to) {
  return (to.cumulative - from.cumulative) / between(from.at, to.at);
}

}  // namespace

std::optional<StepFinder::Point> StepFinder::add(const Point& point) {
  const auto first = first_, before = before_, last = last_;
  first_ = before_;
  before_ = last_;
  last_ = point;
  if (!first || !before || !last) return std::nullopt;
  const auto p0 = power(*first, *before), p = power(*before, *last), p1 = power(*last, point);
  const bool steps = std::abs((p1 - p0).value) > kStep * std::max(p0, p1).value;
  if (!steps || (p - p0).value * (p1 - p).value <= 0) return std::nullopt;
  const auto interval = between(before->at, last->at), early = interval * ((p1 - p) / (p1 - p0));
  const auto cumulative = std::min(before->cumulative + p0 * early, last->cumulative);
  return Point{before->at + to_chrono(early), cumulative, interval * kUncertain};
}

}  // namespace ipw::probes
