// What a scrape costs: one snapshot as families and as text, by number of series.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "exporter/accounting/ledger.hpp"
#include "exporter/metrics.hpp"

namespace ipw {
namespace {

// A value, with its exemplar, in every bucket.
void fill(Histogram& histogram) {
  for (const double bound : histogram.bounds()) histogram.observe(bound, "20261122T065420-1234567", WallTime{});
}

// Targets of 32 slices each, metered in two scopes, as many as give about `series` series; every histogram is in use.
Snapshot snapshot_of(std::size_t series) {
  std::vector<LedgerTarget> targets;
  for (std::size_t t = 0; t * 820 < series; ++t) {
    LedgerTarget target;
    target.info = {"target-" + std::to_string(t),
                   "llama-3.1-8b-instruct",
                   "NVIDIA H200 141GB HBM3e",
                   "mmlu-pro",
                   "http://127.0.0.1:8000/v1",
                   "openai",
                   "local",
                   false};
    target.metered_scopes = {{probes::Scope::accelerator, probes::Quality::measured},
                             {probes::Scope::node, probes::Quality::measured}};
    const std::size_t slices = series < 1000 ? 1 : 32;
    for (std::size_t s = 0; s < slices; ++s) target.slices.push_back({"computer science " + std::to_string(s), "en"});
    targets.push_back(std::move(target));
  }
  auto snapshot = Ledger(std::move(targets), {}, WallAnchor::now()).snapshot(MonoTime{});
  double value = 0.123456789;
  const auto next = [&value] { return value += 17.000001; };
  for (auto& target : snapshot.targets) {
    for (auto* histogram : {&target.duration, &target.scheduled_duration, &target.first_token, &target.first_answer,
                            &target.inter_token, &target.per_output_token, &target.concurrency, &target.client_lag})
      fill(*histogram);
    for (auto& [slice, verdicts] : target.verdicts) {
      verdicts.by_kind.fill(static_cast<std::uint64_t>(next()));
      verdicts.score = next();
    }
    for (auto& [labels, energy] : target.energy) {
      fill(energy.query_joules);
      fill(energy.query_watts);
      for (auto& [slice, metered] : energy.metered)
        metered = {static_cast<std::uint64_t>(next()), next(), Joules{next()}, Seconds{next()}, next()};
    }
  }
  return snapshot;
}

std::size_t lines_of(const std::string& text) {
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) lines += text[at] != '#';
  return lines;
}

void snapshot_to_text(benchmark::State& state, TextFormat format) {
  const auto snapshot = snapshot_of(static_cast<std::size_t>(state.range(0)));
  std::string text;
  for (auto _ : state) benchmark::DoNotOptimize(text = render_text(snapshot, format, text.size()));
  state.counters["series"] = static_cast<double>(lines_of(text));
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK_CAPTURE(snapshot_to_text, prometheus, TextFormat::prometheus)
    ->Arg(800)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(snapshot_to_text, openmetrics, TextFormat::openmetrics)
    ->Arg(800)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);

void families_only(benchmark::State& state) {
  const auto snapshot = snapshot_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(families(snapshot));
}
BENCHMARK(families_only)->Arg(800)->Arg(10000)->Unit(benchmark::kMillisecond);

void text_only(benchmark::State& state) {
  const auto all = families(snapshot_of(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(render_text(all));
}
BENCHMARK(text_only)->Arg(800)->Arg(10000)->Unit(benchmark::kMillisecond);

// What every scrape but the first of a snapshot costs.
void cached_text(benchmark::State& state) {
  const Published<Snapshot> snapshots(
      std::make_shared<const Snapshot>(snapshot_of(static_cast<std::size_t>(state.range(0)))));
  const MetricsView view(snapshots);
  for (auto _ : state) benchmark::DoNotOptimize(view.text());
}
BENCHMARK(cached_text)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ipw
