#include "exporter/accounting/budget.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ipw {
namespace {

std::string amount(double value, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%.10g %s", value, unit);
  return text;
}

}  // namespace

std::chrono::sys_days utc_day(WallTime at) {
  return std::chrono::floor<std::chrono::days>(at);
}

Budget::Budget(BudgetLimits limits, Spent today, MonoTime now, WallAnchor anchor)
    : limits_(limits), anchor_(anchor), state_(State{utc_day(anchor.wall(now)), today}) {}

void Budget::turn_to(State& state, std::chrono::sys_days day) {
  if (day > state.day) state = {day, {}};
}

std::optional<replay::Hold> Budget::hold(MonoTime now) {
  const auto today = utc_day(anchor_.wall(now));
  const auto spent = state_.with([&](State& state) {
    turn_to(state, today);
    return state.spent;
  });
  std::string what;
  if (limits_.queries && spent.queries >= *limits_.queries)
    what = amount(static_cast<double>(*limits_.queries), "queries");
  else if (limits_.joules && spent.joules >= *limits_.joules)
    what = amount(limits_.joules->value, "joules");
  else if (limits_.dollars && spent.dollars >= *limits_.dollars)
    what = amount(*limits_.dollars, "dollars");
  else
    return std::nullopt;
  const WallTime midnight = today + std::chrono::days(1);
  return replay::Hold{.reason = replay::PauseReason::budget,
                      .why = "the day's budget of " + what + " is spent, until midnight UTC",
                      .until = now + std::chrono::duration_cast<MonoTime::duration>(midnight - anchor_.wall(now)),
                      .retries_too = false,
                      .ends_pass = true};
}

void Budget::started(const replay::Started& event) {
  if (event.number != 1 || !event.query->measured()) return;
  state_.with([&](State& state) {
    turn_to(state, utc_day(anchor_.wall(event.at)));
    ++state.spent.queries;
  });
}

void Budget::add(const AttemptRecord& record) {
  state_.with([&](State& state) {
    const auto day = utc_day(record.ended_at);
    turn_to(state, day);
    if (day < state.day) return;
    state.spent.dollars += record.cost_usd.value_or(0);
    for (const auto& energy : record.energy)
      if (energy.scope == probes::Scope::accelerator && std::isfinite(energy.gross.value))
        state.spent.joules += energy.gross;
  });
}

std::map<std::string, double> Budget::remaining(MonoTime now) {
  const auto spent = state_.with([&](State& state) {
    turn_to(state, utc_day(anchor_.wall(now)));
    return state.spent;
  });
  std::map<std::string, double> left;
  const auto add = [&](const char* name, double taken, double limit) {
    left[name] = limit > 0 ? std::clamp(1 - taken / limit, 0.0, 1.0) : 0;
  };
  if (limits_.queries) add("queries", static_cast<double>(spent.queries), static_cast<double>(*limits_.queries));
  if (limits_.joules) add("joules", spent.joules.value, limits_.joules->value);
  if (limits_.dollars) add("dollars", spent.dollars, *limits_.dollars);
  return left;
}

}  // namespace ipw
