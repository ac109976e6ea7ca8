// What sampling costs: the share of a core that the samplers' threads take, and one reading of everything.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

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

// A big server: eight boards by NVIDIA whose counters move every 100 ms, and two packages with their cores. Its history
// is full after five minutes; `minutes` of it are measured.
std::vector<Options> server_sources(const std::filesystem::path& script) {
  std::ofstream lines(script);
  for (int i = 0; i < 8; ++i)
    lines << "gpu GPU-" << i << "\nsquare at=0 high=600 low=90 period=1.3 duty=0.5\ncounter period=0.1 phase=0.0" << i
          << "\n";
  lines.close();
  setenv("FAKE_NVML_SCRIPT", script.c_str(), 1);
  auto options = testing::options_from("sources: [{type: rapl}, {type: nvml, library: " IPW_FAKE_NVML "}]\n");
  return options.children("sources");
}

struct Cost {
  double cpu{0}, reads{0};
};
Cost cost_of(const Rig& rig) {
  Cost cost;
  for (const auto& sampler : rig.samplers()) {
    cost.cpu += sampler.cpu_time.value;
    cost.reads += static_cast<double>(sampler.reads);
  }
  return cost;
}

// Samples for so many seconds, with so many nudges a second.
void sample(benchmark::State& state, Rig& rig, const Clock& clock, Seconds time, double nudges) {
  const auto before = cost_of(rig);
  const auto begin = clock.now();
  const double steps = std::max(nudges, 1.0);
  for (int i = 1; i <= time.value * steps; ++i) {
    static_cast<void>(clock.sleep_until(begin + to_chrono(Seconds{i / steps}), {}));
    if (nudges > 0) rig.nudge();
  }
  const auto after = cost_of(rig);
  const auto elapsed = between(begin, clock.now()).value, reads = after.reads - before.reads;
  state.counters["percent_of_a_core"] = 100 * (after.cpu - before.cpu) / elapsed;
  state.counters["reads_per_s"] = reads / elapsed;
  state.counters["us_per_read"] = 1e6 * (after.cpu - before.cpu) / reads;
}

// At the period given in milliseconds, with `nudges` a second.
void share_of_a_core(benchmark::State& state) {
  configure_log(LogLevel::error, LogFormat::text);
  const SteadyClock clock;
  const testing::PowerTree tree("two-packages");
  for (auto _ : state) {
    auto rig =
        Rig::open(sources(), {tree.root(), &clock}, Seconds{static_cast<double>(state.range(0)) * 1e-3}, Seconds{60});
    sample(state, **rig, clock, Seconds{5}, static_cast<double>(state.range(1)));
  }
}
BENCHMARK(share_of_a_core)->Args({50, 0})->Args({50, 40})->Args({10, 0})->Iterations(1)->Unit(benchmark::kSecond);

// The packages of the tree draw power, and their counters move.
class Packages {
 public:
  explicit Packages(const testing::PowerTree& tree)
      : tree_(tree), thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) const {
    const SteadyClock clock;
    double joules = 1000;
    while (clock.sleep_until(clock.now() + std::chrono::milliseconds(20), stop)) {
      joules += 3;
      for (const auto* zone : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"})
        tree_.set_joules(zone, joules);
    }
  }

  const testing::PowerTree& tree_;
  std::jthread thread_;
};

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// At the period given in milliseconds, for so many seconds: the figures are of the second half. IPW_BENCH_SECONDS=600
// fills the history.
void big_server(benchmark::State& state) {
  configure_log(LogLevel::error, LogFormat::text);
  const SteadyClock clock;
  const testing::PowerTree tree("zen-server");
  const Packages packages(tree);
  const char* const wanted = std::getenv("IPW_BENCH_SECONDS");
  const Seconds half{(wanted == nullptr ? 20 : std::atof(wanted)) / 2};
  for (auto _ : state) {
    const auto at_rest = resident_mib();
    auto rig = Rig::open(server_sources(tree.root() / "script"), {tree.root(), &clock},
                         Seconds{static_cast<double>(state.range(0)) * 1e-3}, Seconds{2000});
    if (!rig) return state.SkipWithError(rig.error().message.c_str());
    const auto forget = [&] { (*rig)->forget_before(clock.now()); };
    for (const auto end = clock.now() + to_chrono(half); clock.now() < end; forget())
      static_cast<void>(clock.sleep_until(clock.now() + std::chrono::seconds(1), {}));
    sample(state, **rig, clock, half, 2);
    state.counters["more_mib"] = resident_mib() - at_rest;
    state.counters["channels"] = static_cast<double>((*rig)->topology().channels().size());
  }
}
BENCHMARK(big_server)->Arg(50)->Arg(10)->Iterations(1)->Unit(benchmark::kSecond);

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
