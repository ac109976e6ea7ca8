#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "exporter/accounting/completed_query.hpp"
#include "exporter/statistics/cluster_window.hpp"
#include "exporter/statistics/window_figures.hpp"

namespace ipw {

struct WindowPlan {
  std::string name;
  std::optional<Seconds> length;  // of wall time; nothing: all there is
  bool of_cycle{false};           // only the newest cycle
  bool slices{false};             // by subject and language too
};
// 5m, 1h, 24h, 7d and the current cycle; the 24h and the cycle by subject and language too.
std::span<const WindowPlan> live_windows();

// The windows of one target. Queries are clustered by a hash of their id: 1,024 clusters, 64 in a slice. So memory is
// bounded whatever the corpus and the rate, and the bounds stay valid: what is asked again falls into the same cluster,
// and two queries that share one are merely added up. Queries may come in any order. Not thread-safe.
class TargetWindows {
 public:
  static constexpr std::uint32_t kClusters = 1024, kSliceClusters = 64, kSlices = 64;

  explicit TargetWindows(std::span<const WindowPlan> plans, std::uint64_t first_cycle = 0);

  void add(const CompletedQuery& query);
  // As add(), but only for the window of the cycle: of queries that the others have already.
  void add_to_cycle(const CompletedQuery& query);
  // How many queries the current cycle has, where a window shows it.
  std::uint64_t cycle_queries() const;
  // The figures as they are at `now`.
  std::vector<WindowFigures> figures(WallTime now);
  std::size_t bytes() const;

 private:
  using EnergyLabels = std::pair<probes::Scope, probes::Quality>;
  // The same queries twice over: by cluster, and by slice and cluster.
  struct Sums {
    ClusterWindow all, slices;
    explicit Sums(std::optional<Seconds> length) : all(length), slices(length) {}
    void add(WallTime at, std::pair<std::uint32_t, std::optional<std::uint32_t>> keys, const ClusterSums& sums);
    void advance(WallTime now);
  };
  struct Window {
    WindowPlan plan;
    Sums judged;
    std::map<EnergyLabels, Sums> metered;
  };
  std::uint32_t slice_of(const CompletedQuery& query);
  void add(Window& window, const CompletedQuery& query);
  FigureSet figures_of(const Window& window) const;
  std::vector<SliceFigures> slices_of(const Window& window) const;

  std::vector<Window> windows_;
  std::uint64_t cycle_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> slices_;
};

}  // namespace ipw
