#include "exporter/regression/target_watch.hpp"

#include <algorithm>
#include <utility>

#include "exporter/regression/baseline_history.hpp"

namespace ipw {

Result<void> TargetWatch::use(std::optional<BaselineEntry> entry) {
  entry_ = std::move(entry);
  panel_.reset();
  monitor_.reset();
  shown_.reset();
  why_not_.clear();
  incomparable_ = false;
  first_cycle_ = last_cycle_ = std::nullopt;
  cycles_ = 0;
  if (auto ok = read_baseline(); !ok) return ok;
  return read_epoch();
}

// What speaks against a baseline is no error: it is shown, and the target goes on without.
Result<void> TargetWatch::read_baseline() {
  if (!entry_ || parts_.options.baseline == RegressionOptions::Baseline::off) return {};
  if (const auto* then = epochs_.find(entry_->epoch))
    if (const auto why = incomparable(then->facts, epochs_.current().facts)) {
      why_not_ = *why + ": `baseline clear` begins anew";
      incomparable_ = true;
      return {};
    }
  auto panel = baseline_of(*parts_.journal, *entry_);
  if (!panel && panel.error().code != Errc::unavailable) return panel.error();
  if (!panel) {
    why_not_ = panel.error().message;
    return {};
  }
  panel_ = std::make_shared<const PanelBaseline>(std::move(*panel));
  monitor_ =
      std::make_unique<RegressionMonitor>(panel_,
                                          MonitorOptions{.margins = parts_.options.margins,
                                                         .false_alarms_per_year = parts_.options.false_alarms_per_year,
                                                         .targets = parts_.targets,
                                                         .queries_per_year = parts_.queries_per_year},
                                          entry_->epoch != epochs_.current().digest);
  return {};
}

Result<void> TargetWatch::read_epoch() {
  return parts_.journal->for_each_completed({.since = {}, .target = parts_.target, .epoch = epochs_.current().digest},
                                            [&](const CompletedQuery& query) {
                                              if (query.corpus == parts_.corpus) count(query);
                                            });
}

void TargetWatch::add(const CompletedQuery& query) {
  if (query.epoch != epochs_.current().digest) return;
  count(query);
  shown_.reset();
}

void TargetWatch::count(const CompletedQuery& query) {
  if (!first_cycle_) first_cycle_ = query.cycle;
  if (!last_cycle_ || query.cycle > *last_cycle_) {
    cycle_ended_ = true;
    ++cycles_;
    last_cycle_ = query.cycle;
  }
  const bool is_baseline = entry_ && entry_->epoch == query.epoch && query.cycle <= entry_->last_cycle;
  if (monitor_ && !is_baseline && query.ended_at >= epochs_.current().since) monitor_->add(query);
}

// The newest cycle is still under way.
bool TargetWatch::enough_cycles() const {
  return cycles_ > parts_.options.cycles;
}

bool TargetWatch::can_begin() {
  return entry_ && !panel_ && !incomparable_ && std::exchange(cycle_ended_, false);
}

std::optional<BaselineEntry> TargetWatch::proposal(WallTime now) {
  if (!std::exchange(cycle_ended_, false)) return std::nullopt;
  if (parts_.options.baseline != RegressionOptions::Baseline::automatic || !enough_cycles()) return std::nullopt;
  const auto& epoch = epochs_.current();
  const bool replaces = entry_ && entry_->origin != BaselineOrigin::pinned && entry_->epoch != epoch.digest &&
                        monitor_ && monitor_->state().no_worse;
  if (entry_ && !replaces) return std::nullopt;
  return BaselineEntry{.number = 0,
                       .target = parts_.target,
                       .corpus = parts_.corpus,
                       .epoch = epoch.digest,
                       .first_cycle = *first_cycle_,
                       .last_cycle = *last_cycle_ - 1,
                       .origin = BaselineOrigin::automatic,
                       .since = now};
}

std::shared_ptr<const TargetRegression> TargetWatch::state() const {
  if (shown_) return shown_;
  auto state = std::make_shared<TargetRegression>();
  state->epoch = epochs_.current();
  if (const auto* before = epochs_.previous()) state->changed = difference(before->facts, state->epoch.facts);
  state->baseline = entry_;
  if (panel_) {
    state->baseline_items = panel_->items().size();
    state->baseline_cycles = panel_->cycles();
  }
  if (monitor_) {
    state->state = monitor_->state();
    state->decision = state->state.decision;
    if (state->decision == Decision::incomparable) state->why = "most queries are not in the baseline's panel";
  } else {
    state->decision = incomparable_ ? Decision::incomparable : Decision::warming_up;
    state->why = !why_not_.empty() ? why_not_
                 : parts_.options.baseline == RegressionOptions::Baseline::pinned
                     ? "no baseline is pinned: `baseline pin` does that"
                     : "cycle " + std::to_string(std::max<std::uint64_t>(cycles_, 1)) + " of " +
                           std::to_string(parts_.options.cycles) + " that make the first baseline";
  }
  return shown_ = std::move(state);
}

}  // namespace ipw
