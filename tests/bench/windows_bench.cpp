// What the windows cost: microseconds a query and bytes held, over a million queries.
#include <benchmark/benchmark.h>

#include "exporter/statistics/target_windows.hpp"

namespace ipw {
namespace {

constexpr std::int64_t kQueries = 1'000'000;

struct Load {
  std::int64_t questions;   // of the corpus
  std::int64_t per_second;  // rate
};

CompletedQuery make_query(std::int64_t number, const Load& load) {
  CompletedQuery query;
  const auto question = number % load.questions;
  query.query_id = "question/" + std::to_string(question);
  query.subject = "subject " + std::to_string(question % 14);
  query.language = "en";
  query.cycle = static_cast<std::uint64_t>(number / load.questions);
  query.ended_at =
      WallTime{std::chrono::hours(24 * 20000)} + std::chrono::microseconds(number * 1'000'000 / load.per_second);
  query.score = number % 3 == 0 ? 0 : 1;
  query.energy.push_back({.gross = Joules{20}, .busy = Seconds{0.1}, .watts = 300});
  return query;
}

void windows(benchmark::State& state) {
  const Load load{state.range(0), state.range(1)};
  std::size_t half = 0, whole = 0;
  for (auto _ : state) {
    TargetWindows held(live_windows());
    for (std::int64_t i = 0; i < kQueries; ++i) {
      held.add(make_query(i, load));
      if (i == kQueries / 2) half = held.bytes();
    }
    whole = held.bytes();
  }
  state.counters["us_per_query"] =
      benchmark::Counter(kQueries / 1e6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["MB_at_half"] = static_cast<double>(half) / 1e6;
  state.counters["MB"] = static_cast<double>(whole) / 1e6;
}
// A panel, and a corpus without end; a million queries in nine days, in three hours and in a quarter of an hour.
BENCHMARK(windows)
    ->ArgNames({"questions", "per_second"})
    ->ArgsProduct({{500, kQueries}, {1, 100, 1000}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void figures(benchmark::State& state) {
  const Load load{state.range(0), 100};
  TargetWindows held(live_windows());
  for (std::int64_t i = 0; i < 100'000; ++i) held.add(make_query(i, load));
  const auto now = make_query(100'000, load).ended_at;
  for (auto _ : state) benchmark::DoNotOptimize(held.figures(now));
}
BENCHMARK(figures)->ArgName("questions")->Arg(500)->Arg(kQueries)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ipw
