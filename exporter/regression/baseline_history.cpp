#include "exporter/regression/baseline_history.hpp"

#include <algorithm>

namespace ipw {
namespace {

constexpr double kWhole = 0.9;

Result<void> each_of(const Journal& journal, const BaselineEntry& entry,
                     const std::function<void(const CompletedQuery&)>& each) {
  return journal.for_each_completed({.since = {}, .target = entry.target, .epoch = entry.epoch},
                                    [&](const CompletedQuery& query) {
                                      if (query.corpus == entry.corpus) each(query);
                                    });
}

}  // namespace

Result<CycleSizes> cycles_of(const Journal& journal, const BaselineEntry& entry) {
  CycleSizes sizes;
  if (auto ok = each_of(journal, entry, [&](const CompletedQuery& query) { ++sizes[query.cycle]; }); !ok)
    return ok.error();
  return sizes;
}

std::vector<std::uint64_t> whole_cycles(const CycleSizes& sizes) {
  std::uint64_t largest = 0;
  for (const auto& [cycle, size] : sizes) largest = std::max(largest, size);
  std::vector<std::uint64_t> whole;
  for (const auto& [cycle, size] : sizes)
    if (static_cast<double>(size) >= kWhole * static_cast<double>(largest)) whole.push_back(cycle);
  return whole;
}

Result<PanelBaseline> baseline_of(const Journal& journal, const BaselineEntry& entry) {
  std::vector<Observation> observations;
  auto ok = each_of(journal, entry, [&](const CompletedQuery& query) {
    if (query.cycle >= entry.first_cycle && query.cycle <= entry.last_cycle) observations.push_back(observe(query));
  });
  if (!ok) return ok.error();
  return PanelBaseline::from(observations);
}

}  // namespace ipw
