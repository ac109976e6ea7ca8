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
  std::ranges::sort(expected_, {}, &Timed::ended);
  const auto due = std::ranges::upper_bound(expected_, at, {}, &Timed::ended);
  for (auto timed = expected_.begin(); timed != due; ++timed) work_.add(timed->usage, timed->timings);
  expected_.erase(expected_.begin(), due);
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
