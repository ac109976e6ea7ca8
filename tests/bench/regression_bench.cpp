#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "exporter/regression/monitor.hpp"
#include "tests/support/panel_world.hpp"

// What one finished query costs the watch over four quantities, and what the watch weighs after a million of them.

namespace {

using namespace ipw;

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

struct Watch {
  explicit Watch(std::size_t panel)
      : world(made_up_panel(panel, 0.6, 0.06), {}, 1),
        monitor(std::make_shared<const PanelBaseline>(*world.baseline(5)), {}, false) {}
  PanelWorld world;
  RegressionMonitor monitor;
};

void queries(benchmark::State& state) {
  Watch watch(static_cast<std::size_t>(state.range(0)));
  std::vector<CompletedQuery> cycle;
  for (std::size_t i = 0; i < watch.world.items.size(); ++i) cycle.push_back(watch.world.next());
  std::size_t count = 0, place = 0;
  double after_100k = 0;
  for (auto _ : state) {
    watch.monitor.add(cycle[place]);
    place = (place + 1) % cycle.size();
    if (++count == 100'000) after_100k = resident_mib();
  }
  state.counters["MiB_after_100k"] = after_100k;
  state.counters["MiB_at_end"] = resident_mib();
}
BENCHMARK(queries)->Arg(500)->Arg(12'000)->Iterations(1'000'000)->Unit(benchmark::kMicrosecond);

void snapshot(benchmark::State& state) {
  Watch watch(500);
  for (int i = 0; i < 20'000; ++i) watch.monitor.add(watch.world.next());
  for (auto _ : state) benchmark::DoNotOptimize(watch.monitor.state());
}
BENCHMARK(snapshot)->Unit(benchmark::kMicrosecond);

}  // namespace
