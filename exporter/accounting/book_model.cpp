#include "exporter/accounting/book_model.hpp"

#include <algorithm>

namespace ipw {
namespace {

constexpr Seconds kWindow{1};  // at least

}  // namespace

std::string_view to_text(SplitStrategy strategy) {
  return strategy == SplitStrategy::work ? "work" : "equal";
}

void BookModel::pass(const Moment& moment) {
  if (moment.present || !moment.known)
    floor_.disturb();
  else
    floor_.rest(moment.length, moment.energy);
  spoiled_ |= !moment.known || moment.opaque;
  window_.length += moment.length;
  window_.energy += moment.energy;
  if (!moment.works) return;
  window_.busy += moment.length;
  window_.prefill += moment.prefill * moment.length.value;
  window_.decode += moment.decode * moment.length.value;
}

bool BookModel::mark(MonoTime at) {
  floor_.mark();
  if (window_.length < kWindow) return false;
  const auto due = std::ranges::partition(expected_, [&](const Timed& timed) { return timed.ended > at; });
  std::ranges::sort(due, {}, &Timed::ended);
  for (const auto& timed : due) work_.add(timed.usage, timed.timings);
  expected_.erase(due.begin(), due.end());
  if (!spoiled_) work_.add(window_, floor_.now().value_or(Watts{0}));
  window_ = {};
  spoiled_ = false;
  return true;
}

void BookModel::expect(const replay::Attempt& attempt) {
  if (attempt.timings.prefill && attempt.timings.decode)
    expected_.push_back({attempt.ended_at, attempt.usage, attempt.timings});
}

}  // namespace ipw
