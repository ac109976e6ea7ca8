#include "exporter/accounting/book_model.hpp"

#include <algorithm>
#include <utility>

namespace ipw {
namespace {

constexpr std::chrono::seconds kWindow{1};  // at least

}  // namespace

std::string_view to_text(SplitStrategy strategy) {
  return strategy == SplitStrategy::work ? "work" : "equal";
}

void BookModel::pass(const Moment& moment) {
  if (moment.present || !moment.known)
    floor_.disturb();
  else
    floor_.rest(moment.when, moment.energy);
  broken_ |= !moment.known;
  spoiled_ |= moment.opaque;
  const auto length = between(moment.when.begin, moment.when.end);
  length_ += moment.when.end - moment.when.begin;
  window_.energy += moment.energy;
  if (!moment.works) return;
  window_.busy += length;
  window_.prefill += moment.prefill * length.value;
  window_.decode += moment.decode * length.value;
}

bool BookModel::mark(MonoTime at) {
  floor_.mark();
  // Within a gap any instant may look like a point of the history: windows begin anew at its end.
  if (std::exchange(broken_, false)) begin_window();
  if (length_ < kWindow) return false;
  window_.length = Seconds{std::chrono::duration<double>(length_).count()};
  const auto due = std::ranges::partition(expected_, [&](const Timed& timed) { return timed.ended > at; });
  std::ranges::sort(due, {}, &Timed::ended);
  for (const auto& timed : due) work_.add(timed.usage, timed.timings);
  expected_.erase(due.begin(), due.end());
  if (!spoiled_) work_.add(window_, floor_.now().value_or(Watts{0}));
  begin_window();
  return true;
}

void BookModel::begin_window() {
  window_ = {};
  length_ = {};
  spoiled_ = false;
}

void BookModel::expect(const replay::Attempt& attempt) {
  if (attempt.timings.prefill && attempt.timings.decode)
    expected_.push_back({attempt.ended_at, attempt.usage, attempt.timings});
}

}  // namespace ipw
