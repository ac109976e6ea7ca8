#include "exporter/statistics/target_windows.hpp"

#include <algorithm>

namespace ipw {
namespace {

using Rows = std::span<const ClusterTable::Row>;

constexpr Seconds kMinute{60}, kHour{3600}, kDay{86400};

double score_of(Rows rows) {
  double score = 0;
  for (const auto& row : rows) score += row.sums.score;
  return score;
}

std::uint64_t queries_of(Rows rows) {
  double queries = 0;
  for (const auto& row : rows) queries += row.sums.queries;
  return static_cast<std::uint64_t>(queries);
}

// The rows of one slice: their keys are next to each other.
Rows slice_rows(Rows rows, std::uint32_t slice) {
  constexpr auto kOf = TargetWindows::kSliceClusters;
  const auto begin = std::ranges::lower_bound(rows, slice * kOf, {}, &ClusterTable::Row::key);
  const auto end = std::ranges::lower_bound(begin, rows.end(), (slice + 1) * kOf, {}, &ClusterTable::Row::key);
  return {begin, end};
}

void judge(FigureSet& figures, Rows rows) {
  figures.queries = queries_of(rows);
  figures.score = score_of(rows);
  figures.accuracy = clustered_accuracy(rows);
}

}  // namespace

std::span<const WindowPlan> live_windows() {
  static const std::array<WindowPlan, 5> kPlans{{{.name = "5m", .length = kMinute * 5},
                                                 {.name = "1h", .length = kHour},
                                                 {.name = "24h", .length = kDay, .slices = true},
                                                 {.name = "7d", .length = kDay * 7},
                                                 {.name = "cycle", .length = {}, .of_cycle = true, .slices = true}}};
  return kPlans;
}

TargetWindows::TargetWindows(std::span<const WindowPlan> plans, std::uint64_t first_cycle) : cycle_(first_cycle) {
  for (const auto& plan : plans) windows_.push_back({plan, Sums(plan.length), {}});
}

void TargetWindows::Sums::add(WallTime at, std::pair<std::uint32_t, std::optional<std::uint32_t>> keys,
                              const ClusterSums& sums) {
  all.add(at, keys.first, sums);
  if (keys.second) slices.add(at, *keys.second, sums);
}

void TargetWindows::Sums::advance(WallTime now) {
  all.advance(now);
  slices.advance(now);
}

std::uint32_t TargetWindows::slice_of(const CompletedQuery& query) {
  std::pair name{query.subject, query.language};
  if (const auto found = slices_.find(name); found != slices_.end()) return found->second;
  if (slices_.size() + 1 >= kSlices) name = {"other", "other"};
  return slices_.try_emplace(name, static_cast<std::uint32_t>(slices_.size())).first->second;
}

void TargetWindows::add(const CompletedQuery& query) {
  for (auto& window : windows_)
    if (!window.plan.of_cycle) add(window, query);
  add_to_cycle(query);
}

void TargetWindows::add_to_cycle(const CompletedQuery& query) {
  if (query.cycle < cycle_) return;
  const bool begun = query.cycle > cycle_;
  cycle_ = query.cycle;
  for (auto& window : windows_) {
    if (!window.plan.of_cycle) continue;
    if (begun) window = {window.plan, Sums(window.plan.length), {}};
    add(window, query);
  }
}

void TargetWindows::add(Window& window, const CompletedQuery& query) {
  std::pair<std::uint32_t, std::optional<std::uint32_t>> keys{cluster_of(query.query_id, kClusters), std::nullopt};
  if (window.plan.slices) keys.second = slice_of(query) * kSliceClusters + keys.first % kSliceClusters;
  window.judged.add(query.ended_at, keys, {.queries = 1, .score = query.score});
  for (const auto& energy : query.energy) {
    if (!energy.valid) continue;
    const EnergyLabels labels{energy.scope, energy.quality};
    auto& sums = window.metered.try_emplace(labels, window.plan.length).first->second;
    sums.add(query.ended_at, keys,
             {.queries = 1,
              .score = query.score,
              .joules = energy.gross.value,
              .seconds = energy.busy.value,
              .watts = energy.watts});
  }
}

std::uint64_t TargetWindows::cycle_queries() const {
  for (const auto& window : windows_)
    if (window.plan.of_cycle) return queries_of(window.judged.all.rows());
  return 0;
}

FigureSet TargetWindows::figures_of(const Window& window) const {
  FigureSet figures;
  judge(figures, window.judged.all.rows());
  for (const auto& [labels, sums] : window.metered)
    if (!sums.all.rows().empty()) figures.energy[labels] = clustered_efficiency(sums.all.rows());
  return figures;
}

std::vector<SliceFigures> TargetWindows::slices_of(const Window& window) const {
  std::vector<SliceFigures> slices;
  for (const auto& [name, number] : slices_) {
    const auto judged = slice_rows(window.judged.slices.rows(), number);
    if (judged.empty()) continue;
    auto& slice = slices.emplace_back(SliceFigures{name.first, name.second, {}});
    judge(slice.figures, judged);
    for (const auto& [labels, sums] : window.metered) {
      const auto metered = slice_rows(sums.slices.rows(), number);
      if (!metered.empty()) slice.figures.energy[labels] = clustered_efficiency(metered);
    }
  }
  return slices;
}

std::vector<WindowFigures> TargetWindows::figures(WallTime now) {
  std::vector<WindowFigures> all;
  for (auto& window : windows_) {
    window.judged.advance(now);
    for (auto& [labels, sums] : window.metered) sums.advance(now);
    all.push_back({window.plan.name, figures_of(window), slices_of(window)});
  }
  return all;
}

std::size_t TargetWindows::bytes() const {
  std::size_t all = 0;
  for (const auto& window : windows_) {
    all += window.judged.all.bytes() + window.judged.slices.bytes();
    for (const auto& [labels, sums] : window.metered) all += sums.all.bytes() + sums.slices.bytes();
  }
  return all;
}

}  // namespace ipw
