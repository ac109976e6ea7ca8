#include "exporter/statistics/windows.hpp"

#include <algorithm>
#include <chrono>

namespace ipw {
namespace {

using namespace std::chrono_literals;

constexpr auto kFiguresEvery = 1s;

WallTime longest_before(WallTime now) {
  Seconds longest{0};
  for (const auto& plan : live_windows()) longest = std::max(longest, plan.length.value_or(Seconds{0}));
  return now - std::chrono::duration_cast<WallTime::duration>(to_chrono(longest));
}

}  // namespace

Windows::Windows(std::vector<WindowTarget> targets) {
  for (auto& info : targets) {
    TargetWindows windows(live_windows(), info.first_cycle);
    targets_.push_back({std::move(info), std::move(windows), nullptr, {}});
  }
}

Windows::Target* Windows::target_of(const CompletedQuery& query) {
  const auto found = std::ranges::find_if(targets_, [&](const Target& target) {
    return target.info.target == query.target && target.info.corpus == query.corpus &&
           target.info.model == query.model && target.info.accelerator == query.accelerator;
  });
  return found == targets_.end() ? nullptr : &*found;
}

Result<std::uint64_t> Windows::fill(const ReadCompleted& read, WallTime now) {
  const auto since = longest_before(now);
  std::uint64_t left_out = 0;
  const auto held = read(since, [&](const CompletedQuery& query) {
    if (query.ended_at > now)
      ++left_out;
    else
      add(query);
  });
  if (!held) return held.error();
  const bool older = std::ranges::any_of(
      targets_, [](const Target& target) { return target.windows.cycle_queries() < target.info.done_before; });
  if (!older) return left_out;
  const auto begun = read(WallTime{}, [&](const CompletedQuery& query) {
    auto* target = query.ended_at < since ? target_of(query) : nullptr;
    if (target != nullptr && query.cycle == target->info.first_cycle) target->windows.add_to_cycle(query);
  });
  if (!begun) return begun.error();
  return left_out;
}

void Windows::add(const CompletedQuery& query) {
  auto* target = target_of(query);
  if (target != nullptr) target->windows.add(query);
}

Windows::Figures Windows::figures(std::size_t target, WallTime now) {
  auto& [info, windows, figures, at] = targets_[target];
  if (figures && now >= at && now < at + kFiguresEvery) return figures;
  at = now;
  figures = std::make_shared<const std::vector<WindowFigures>>(windows.figures(now));
  return figures;
}

}  // namespace ipw
