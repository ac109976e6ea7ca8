#include "exporter/accounting/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace ipw {
namespace {

constexpr auto kBusy = static_cast<std::size_t>(WorkKind::busy), kPrefill = static_cast<std::size_t>(WorkKind::prefill),
               kDecode = static_cast<std::size_t>(WorkKind::decode);

// What rounding leaves of rates that came and went: far below a token a day.
double without_residue(double rate) {
  return rate > 1e-6 ? rate : 0;
}

double sum(const WorkWeights& by_kind) {
  return std::accumulate(by_kind.begin(), by_kind.end(), 0.0);
}

}  // namespace

Portion& Portion::operator+=(const Portion& more) {
  idle += more.idle;
  prefill += more.prefill;
  decode += more.decode;
  busy += more.busy;
  for (std::size_t k = 0; k < kWorkKinds; ++k) {
    own[k] += more.own[k];
    all[k] += more.all[k];
  }
  if (more.doubt) doubt = more.doubt;
  return *this;
}

// The derivative of the portion by the logarithm of each weight (delta method), taken over its whole time at once.
Joules Portion::weights_sd() const {
  const double mine = sum(own), everybodys = sum(all);
  if (!doubt || !(everybodys > 0)) return Joules{0};
  WorkWeights slope{};
  for (std::size_t k = 0; k < kWorkKinds; ++k) slope[k] = own[k] - mine * (all[k] / everybodys);
  double variance = 0;
  for (std::size_t i = 0; i < kWorkKinds; ++i)
    for (std::size_t k = 0; k < kWorkKinds; ++k) variance += slope[i] * (*doubt)[i][k] * slope[k];
  return Joules{std::sqrt(std::max(0.0, variance))};
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
    std::int32_t heads{0}, workers{0}, opaque{0};
    PreciseSum prefill, decode;
  };
  std::vector<Change> changes(slices_.size());
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const auto at = place(i);
    const auto requests = static_cast<std::int32_t>(loads[i]->count);
    changes[at.begin].heads += requests;
    changes[at.end].heads -= requests;
    if (loads[i]->opaque) ++changes[at.begin].opaque, --changes[at.end].opaque;
    auto from = at.begin;
    for (std::size_t k = 0; k < at.steps.size(); from = at.steps[k++]) {
      const auto& step = loads[i]->steps[at.first_step + k];
      changes[from].prefill.add(step.prefill);
      changes[at.steps[k]].prefill.add(-step.prefill);
      changes[from].decode.add(step.decode);
      changes[at.steps[k]].decode.add(-step.decode);
      changes[from].workers += requests;
      changes[at.steps[k]].workers -= requests;
    }
  }
  Change now;
  double head_seconds = 0;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    now.heads += changes[i].heads;
    now.workers += changes[i].workers;
    now.opaque += changes[i].opaque;
    now.prefill.add(changes[i].prefill);
    now.decode.add(changes[i].decode);
    slices_[i].heads = static_cast<std::uint32_t>(now.heads);
    slices_[i].workers = static_cast<std::uint32_t>(now.workers);
    slices_[i].opaque = static_cast<std::uint32_t>(now.opaque);
    if (now.workers > 0) {
      slices_[i].prefill = without_residue(now.prefill.value());
      slices_[i].decode = without_residue(now.decode.value());
    }
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

Split::Split(const Timetable& timetable, std::span<const PowerPiece> pieces, BookModel& model)
    : timetable_(timetable), model_(model) {
  sums_.reserve(timetable.slices().size());
  remember_doubt();
  Sums sums;
  std::size_t piece = 0;
  MonoTime piece_begin = timetable.when().begin;
  for (const auto& slice : timetable.slices()) {
    sums_.push_back(sums);
    for (MonoTime at = slice.begin; at < slice.end;) {
      const auto& now = pieces[piece];
      const MonoTime until = std::min(slice.end, now.end);
      const Seconds part = between(at, until);
      add(sums, slice, {at, until}, now.known, now.energy * (part / between(piece_begin, now.end)));
      at = until;
      if (until < now.end) continue;
      if (now.measured && model_.mark(until)) remember_doubt();
      if (piece + 1 < pieces.size()) piece_begin = pieces[piece++].end;
    }
  }
}

void Split::remember_doubt() {
  doubts_.push_back({static_cast<std::uint32_t>(sums_.size()), model_.work().covariance()});
}

void Split::add(Sums& sums, const Timetable::Slice& slice, Interval when, bool known, Joules energy) {
  const Seconds length = between(when.begin, when.end);
  model_.pass({when, energy, known, slice.heads > 0, slice.workers > 0, slice.opaque > 0, slice.prefill, slice.decode});
  if (slice.heads == 0) {
    if (known) nobody_ += energy;
    return;
  }
  const double heads = slice.heads;
  if (!known || energy.value <= 0) {
    sums.head.busy.add(length.value / heads);
    return;
  }
  const auto floor = model_.floor().now();
  const Joules idle = floor ? std::min(*floor * length, energy) : Joules{0};
  const Joules active = energy - idle;
  const Seconds idle_time = length * (idle / energy);
  sums.idle.add(idle.value / heads);
  sums.head.busy.add(idle_time.value / heads);
  if (slice.workers > 0 && model_.by_work() && add_work(sums, slice, length - idle_time, active)) return;
  sums.head.add(active.value / heads, (length - idle_time).value / heads);
}

// False where none of the work is worth anything.
bool Split::add_work(Sums& sums, const Timetable::Slice& slice, Seconds length, Joules active) {
  const auto& weights = model_.work().weights();
  const WorkWeights work{weights[kBusy], weights[kPrefill] * slice.prefill, weights[kDecode] * slice.decode};
  const double whole = sum(work);
  if (!(whole > 0)) return false;
  const double joules = active.value / whole, busy = length.value / whole;
  const double each = weights[kBusy] / slice.workers;
  sums.worker.add(joules * each, busy * each);
  sums.prefill.add(joules * weights[kPrefill], busy * weights[kPrefill]);
  sums.decode.add(joules * weights[kDecode], busy * weights[kDecode]);
  for (std::size_t k = 0; k < kWorkKinds; ++k) sums.all[k] += joules * work[k];
  return true;
}

Portion Split::portion(std::size_t index, const Load& load) const {
  const auto at = timetable_.place(index);
  const Sums &begin = sums_[at.begin], &end = sums_[at.end], &first = sums_[at.first_token];
  if (at.begin == at.end) return {};
  const double requests = load.count;
  double prefill = requests * (first.head.joules - begin.head.joules);
  double decode = requests * (end.head.joules - first.head.joules);
  double busy = requests * (end.head.busy - begin.head.busy);
  Portion portion;
  auto from = at.begin;
  for (std::size_t k = 0; k < at.steps.size(); from = at.steps[k++]) {
    const auto& step = load.steps[at.first_step + k];
    const Sums &a = sums_[from], &b = sums_[at.steps[k]];
    const double working = requests * (b.worker.joules - a.worker.joules);
    const double reading = step.prefill * (b.prefill.joules - a.prefill.joules);
    const double generating = step.decode * (b.decode.joules - a.decode.joules);
    (step.end <= load.first_token ? prefill : decode) += working;
    prefill += reading;
    decode += generating;
    busy += requests * (b.worker.busy - a.worker.busy) + step.prefill * (b.prefill.busy - a.prefill.busy) +
            step.decode * (b.decode.busy - a.decode.busy);
    portion.own[kBusy] += working;
    portion.own[kPrefill] += reading;
    portion.own[kDecode] += generating;
  }
  portion.idle = Joules{requests * (end.idle - begin.idle)};
  portion.prefill = Joules{prefill};
  portion.decode = Joules{decode};
  portion.busy = Seconds{busy};
  for (std::size_t k = 0; k < kWorkKinds; ++k) portion.all[k] = end.all[k] - begin.all[k];
  portion.doubt = std::prev(std::ranges::upper_bound(doubts_, at.end, {}, &Doubt::from))->covariance;
  return portion;
}

}  // namespace ipw
