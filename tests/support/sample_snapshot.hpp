#pragma once

#include <chrono>
#include <string>

#include "exporter/accounting/snapshot.hpp"

namespace ipw::testing {

inline WallTime sample_time() {
  return WallTime{std::chrono::seconds(1'795'000'000)};
}

inline AttemptRecord sample_failure() {
  AttemptRecord failure;
  failure.id = "r1-7";
  failure.query_id = "mmlu/\"17\"";
  failure.outcome = replay::Outcome::http_5xx;
  failure.outcome_reason = "HTTP 500: <script>alert('x')</script> & more";
  failure.ended_at = sample_time();
  return failure;
}

// A target with 40 correct and 60 wrong queries, metered in one scope: 6 kJ, 50 s, 12 kW summed.
inline TargetSnapshot sample_target() {
  TargetSnapshot target;
  target.info = {"local",  "llama-3.1-8b", "NVIDIA H200", "mmlu-pro", "http://127.0.0.1:8000/v1",
                 "openai", "local",        false};
  target.info.replayed = {"0123456789abcdef", 12032, 500};
  target.queries[static_cast<std::size_t>(replay::Outcome::ok)] = 99;
  target.queries[static_cast<std::size_t>(replay::Outcome::http_5xx)] = 1;
  target.attempts = target.queries;
  auto& verdicts = target.verdicts[{"law", "en"}];
  verdicts.by_kind = {40, 0, 60, 0, 0, 0};
  verdicts.score = 40;
  auto& energy = target.energy[{probes::Scope::accelerator, probes::Quality::measured}];
  energy.metered[{"law", "en"}] = {100, 40, Joules{6000}, Seconds{50}, 12000};
  target.energy[{probes::Scope::node, probes::Quality::estimated}];  // metered, but nothing yet
  target.duration.observe(0.5);
  target.first_token.observe(0.05);
  target.per_output_token.observe(0.01);
  target.cycle = 2;
  target.cycle_done = 33;
  target.recent_failures.push_back(sample_failure());
  return target;
}

inline Snapshot sample_snapshot() {
  Snapshot snapshot;
  snapshot.at = sample_time();
  snapshot.targets.push_back(sample_target());
  BookSnapshot book;
  book.device = "GPU-1234";
  book.device_name = "NVIDIA H200";
  book.shares[static_cast<std::size_t>(Share::query)] = Joules{6000};
  book.shares[static_cast<std::size_t>(Share::idle)] = Joules{1500};
  book.metered = Joules{7500};
  book.lag = Seconds{0.25};
  book.channels = {"nvml/gpu0"};
  snapshot.books.push_back(book);
  ChannelSnapshot up;
  up.source = "nvml";
  up.channel = "gpu0";
  up.device = "GPU-1234";
  up.up = true;
  up.energy = Joules{7600};
  up.power = Watts{312.5};
  ChannelSnapshot down;
  down.source = "rapl";
  down.channel = "package-0";
  down.device = "host";
  down.reason = "/sys/class/powercap/intel-rapl:0/energy_uj: Permission denied";
  up.crosscheck = 0.98;
  snapshot.channels = {up, down};
  DeviceSnapshot board;
  board.name = "NVIDIA H200";
  board.now = {"GPU-1234", "580.65.06", "MIG 1g.18gb x7", Watts{600}, 1.98e9, std::nullopt, {"power_cap"}};
  board.throttle_reasons = {"power_cap", "thermal"};
  DeviceSnapshot host;
  host.name = "AMD EPYC 9654";
  host.now.device = "host";
  snapshot.devices = {board, host};
  snapshot.samplers = {{"nvml", 1000, 2, Seconds{3}, Seconds{0.5}}, {"rapl", 500, 0, Seconds{0.1}, Seconds{0.02}}};
  snapshot.process.resident_bytes = 30U << 20U;
  snapshot.process.cpu_seconds = 1.5;
  return snapshot;
}

}  // namespace ipw::testing
