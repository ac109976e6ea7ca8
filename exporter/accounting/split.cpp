#include "exporter/accounting/split.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ipw {

Portion& Portion::operator+=(const Portion& more) {
  idle += more.idle;
  prefill += more.prefill;
  decode += more.decode;
  busy += more.busy;
  return *this;
}

Timetable::Timetable(Interval when, std::span<const Load* const> loads) : when_(when) {
  entries_.reserve(loads.size());
  for (const auto* load : loads) mark(*load);
  cut();
  count(loads);
}

void Timetable::mark(const Load& load) {
  const auto add = [&](MonoTime at) { marks_.push_back(std::clamp(at, when_.begin, when_.end)); };
  const auto first = std::ranges::upper_bound(load.steps, when_.begin, {}, &WorkStep::end);
  Entry entry{static_cast<std::uint32_t>(marks_.size()), 0, static_cast<std::uint32_t>(first - load.steps.begin())};
  add(load.begin);
  add(load.end);
  add(std::clamp(load.first_token, load.begin, load.end));
  for (auto step = first; step != load.steps.end(); ++step, ++entry.steps) {
    add(step->end);
    if (step->end < when_.end) continue;
    ++entry.steps;
    break;
  }
  entries_.push_back(entry);
}

void Timetable::cut() {
  std::vector<std::pair<MonoTime, std::uint32_t>> order;
  order.reserve(marks_.size());
  for (std::uint32_t i = 0; i < marks_.size(); ++i) order.emplace_back(marks_[i], i);
  std::ranges::sort(order);

  cut_of_.resize(marks_.size());
  slices_.push_back({when_.begin, when_.end});
  for (const auto& [at, mark] : order) {
    if (at > slices_.back().begin) {
      slices_.back().end = at;
      slices_.push_back({at, when_.end});
    }
    cut_of_[mark] = static_cast<std::uint32_t>(slices_.size() - 1);
  }
  marks_ = {};
}

void Timetable::count(std::span<const Load* const> loads) {
  struct Change {
    std::int32_t heads{0}, workers{0};
    PreciseSum rate;
  };
  std::vector<Change> changes(slices_.size());
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const auto at = place(i);
    ++changes[at.begin].heads;
    --changes[at.end].heads;
    auto from = at.begin;
    for (std::size_t k = 0; k < at.steps.size(); from = at.steps[k++]) {
      const auto& step = loads[i]->steps[at.first_step + k];
      changes[from].rate.add(step.prefill + step.decode);
      changes[at.steps[k]].rate.add(-(step.prefill + step.decode));
      ++changes[from].workers;
      --changes[at.steps[k]].workers;
    }
  }
  Change now;
  double head_seconds = 0;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    now.heads += changes[i].heads;
    now.workers += changes[i].workers;
    now.rate.add(changes[i].rate);
    slices_[i].heads = static_cast<std::uint32_t>(now.heads);
    slices_[i].workers = static_cast<std::uint32_t>(now.workers);
    slices_[i].rate = now.workers > 0 ? now.rate.value() : 0;
    head_seconds_.push_back(head_seconds);
    head_seconds += now.heads * between(slices_[i].begin, slices_[i].end).value;
  }
}

Timetable::Place Timetable::place(std::size_t load) const {
  const auto& entry = entries_[load];
  const auto* cuts = cut_of_.data() + entry.mark;
  return {cuts[0], cuts[1], cuts[2], entry.first_step, {cuts + 3, entry.steps}};
}

double Timetable::head_seconds(std::size_t load) const {
  const auto at = place(load);
  return head_seconds_[at.end] - head_seconds_[at.begin];
}

Split::Split(const Timetable& timetable, std::span<const PowerPiece> pieces, std::optional<Watts> idle_floor)
    : timetable_(timetable), idle_floor_(idle_floor) {
  sums_.reserve(timetable.slices().size());
  Sums sums;
  std::size_t piece = 0;
  MonoTime piece_begin = timetable.when().begin;
  for (const auto& slice : timetable.slices()) {
    sums_.push_back(sums);
    for (MonoTime at = slice.begin; at < slice.end;) {
      const auto& now = pieces[piece];
      const MonoTime until = std::min(slice.end, now.end);
      const Seconds part = between(at, until);
      add(sums, slice, part, now, now.energy * (part / between(piece_begin, now.end)));
      at = until;
      if (until == now.end && piece + 1 < pieces.size()) piece_begin = pieces[piece++].end;
    }
  }
}

void Split::add(Sums& sums, const Timetable::Slice& slice, Seconds length, const PowerPiece& piece, Joules energy) {
  if (slice.heads == 0) {
    if (piece.known) nobody_ += energy;
    return;
  }
  const double heads = slice.heads;
  if (!piece.known || energy.value <= 0) {
    sums.busy_even.add(length.value / heads);
    return;
  }
  const Joules idle = idle_floor_ ? std::min(*idle_floor_ * length, energy) : Joules{0};
  const Joules active = energy - idle;
  const bool by_work = slice.workers > 0;
  const Joules even = by_work ? Joules{0} : active;
  sums.idle.add(idle.value / heads);
  sums.even.add(even.value / heads);
  sums.busy_even.add(length.value * ((idle + even) / energy) / heads);
  if (!by_work) return;
  sums.work.add(active.value / slice.rate);
  sums.busy_work.add(length.value * (active / energy) / slice.rate);
}

Portion Split::portion(std::size_t index, const Load& load) const {
  const auto at = timetable_.place(index);
  const Sums &begin = sums_[at.begin], &end = sums_[at.end], &first = sums_[at.first_token];
  double prefill = first.even - begin.even;
  double decode = end.even - first.even;
  double busy = end.busy_even - begin.busy_even;
  auto from = at.begin;
  for (std::size_t k = 0; k < at.steps.size(); from = at.steps[k++]) {
    const auto& step = load.steps[at.first_step + k];
    const double work = sums_[at.steps[k]].work - sums_[from].work;
    prefill += step.prefill * work;
    decode += step.decode * work;
    busy += (step.prefill + step.decode) * (sums_[at.steps[k]].busy_work - sums_[from].busy_work);
  }
  return {Joules{end.idle - begin.idle}, Joules{prefill}, Joules{decode}, Seconds{busy}};
}

}  // namespace ipw
