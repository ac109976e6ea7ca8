#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/statistics/target_windows.hpp"

namespace ipw {

// Whose queries a target's windows hold: what else is in the journal is of another model, machine or corpus.
struct WindowTarget {
  std::string target, model, accelerator, corpus;
  std::uint64_t first_cycle{0};
  std::uint64_t done_before{0};  // queries that the journal has of that cycle
};

// The windows of all targets. Filled from the journal at start, then query by query: the figures are the same whether
// the process was restarted or not. Owned by the accountant; one thread.
class Windows {
 public:
  using Figures = std::shared_ptr<const std::vector<WindowFigures>>;
  using Each = std::function<void(const CompletedQuery&)>;
  // Tells of every completed query that ended since then.
  using ReadCompleted = std::function<Result<void>(WallTime since, const Each& each)>;

  explicit Windows(std::vector<WindowTarget> targets);

  // Queries that end after `now` (the clock was wrong) are left out; returns how many. A cycle that began before the
  // longest window is read from its beginning. Errors: those of `read`.
  Result<std::uint64_t> fill(const ReadCompleted& read, WallTime now);
  void add(const CompletedQuery& query);
  // Of the target with this index, at most a second old.
  Figures figures(std::size_t target, WallTime now);

 private:
  struct Target {
    WindowTarget info;
    TargetWindows windows;
    Figures figures;
    WallTime at{};  // of the figures
  };
  Target* target_of(const CompletedQuery& query);

  std::vector<Target> targets_;
};

}  // namespace ipw
