#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/record.hpp"
#include "replay/gate.hpp"

namespace ipw {

// What a target may take in a day of UTC. Without a number there is no limit.
struct BudgetLimits {
  std::optional<std::uint64_t> queries;
  std::optional<Joules> joules;  // gross, of the accelerator scope
  std::optional<double> dollars;
};

// What was taken of it.
struct Spent {
  std::uint64_t queries{0};
  Joules joules{0};
  double dollars{0};
};

// The day on which an instant falls, in UTC.
std::chrono::sys_days utc_day(WallTime at);

// Holds a target back from the moment when its day's budget is spent until midnight UTC. Queries are counted when they
// go out for the first time, so that their number is exact; joules and dollars when their record is complete, so that a
// few queries may still follow the one that reaches the limit. Warm-up queries are not counted, and a query that has
// begun may go on to its next attempt. Thread-safe.
class Budget final : public replay::Gate {
 public:
  // `today`: what was taken already on the day of `now`.
  Budget(BudgetLimits limits, Spent today, MonoTime now, WallAnchor anchor);

  std::optional<replay::Hold> hold(MonoTime now) override;
  void started(const replay::Started& event) override;
  void ended(replay::Attempt&) override {}
  void add(const AttemptRecord& record);

  // What is left of each limit there is (`queries`, `joules`, `dollars`), from 1 to 0.
  std::map<std::string, double> remaining(MonoTime now);

 private:
  struct State {
    std::chrono::sys_days day;
    Spent spent;
  };
  static void turn_to(State& state, std::chrono::sys_days day);

  const BudgetLimits limits_;
  const WallAnchor anchor_;
  Guarded<State> state_;
};

}  // namespace ipw
