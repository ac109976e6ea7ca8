// What sampling costs: the share of a core that the samplers' threads take, and one reading of everything.
#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "probes/rig.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

// Two packages with core and dram, and psys: seven files. And a simulated board.
std::vector<Options> sources() {
  auto options = testing::options_from("sources: [{type: rapl}, {type: simulated, watts: 300}]\n");
  return options.children("sources");
}

// Five seconds at the period given in milliseconds; `nudges` a second besides.
void share_of_a_core(benchmark::State& state) {
  configure_log(LogLevel::error, LogFormat::text);
  const SteadyClock clock;
  const testing::PowerTree tree("two-packages");
  const auto period = static_cast<double>(state.range(0)) * 1e-3;
  const auto nudges = state.range(1);
  for (auto _ : state) {
    auto rig = Rig::open(sources(), {tree.root(), &clock}, Seconds{period}, Seconds{60});
    const auto begin = clock.now();
    for (std::int64_t i = 1; i <= 5 * std::max<std::int64_t>(nudges, 1); ++i) {
      static_cast<void>(clock.sleep_until(
          begin + to_chrono(Seconds{static_cast<double>(i) / static_cast<double>(std::max<std::int64_t>(nudges, 1))}),
          {}));
      if (nudges > 0) (*rig)->nudge();
    }
    const auto elapsed = between(begin, clock.now());
    double cpu = 0, reads = 0;
    for (const auto& sampler : (*rig)->samplers()) {
      cpu += sampler.cpu_time.value;
      reads += static_cast<double>(sampler.reads);
    }
    state.counters["percent_of_a_core"] = 100 * cpu / elapsed.value;
    state.counters["reads_per_s"] = reads / elapsed.value;
    state.counters["us_per_read"] = 1e6 * cpu / reads;
  }
}
BENCHMARK(share_of_a_core)->Args({50, 0})->Args({50, 40})->Args({10, 0})->Iterations(1)->Unit(benchmark::kSecond);

void timeline_energy(benchmark::State& state) {
  PowerTimeline timeline(1, Seconds{1e6});
  const MonoTime start{};
  const auto points = state.range(0);
  for (std::int64_t i = 0; i < points; ++i)
    timeline.append(ChannelId{0}, start + i * std::chrono::milliseconds(50), Joules{15.0 * static_cast<double>(i)});
  std::int64_t i = 0;
  for (auto _ : state) {
    const auto begin =
        start + (i++ * 7919 % (points - 40)) * std::chrono::milliseconds(50) + std::chrono::milliseconds(13);
    benchmark::DoNotOptimize(timeline.energy(ChannelId{0}, {begin, begin + std::chrono::seconds(1)}));
  }
}
BENCHMARK(timeline_energy)->Arg(1000)->Arg(100000);

}  // namespace
}  // namespace ipw::probes
