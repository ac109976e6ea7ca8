#pragma once

#include <chrono>
#include <string>

#include "exporter/accounting/record.hpp"

namespace ipw::testing {

inline WallTime wall(std::int64_t microseconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(microseconds)));
}

inline ScopeEnergy scope_energy(probes::Scope scope, double joules) {
  return {.scope = scope,
          .quality = probes::Quality::measured,
          .validity = Validity::ok,
          .gross = Joules{joules},
          .active = Joules{joules * 0.75},
          .prefill = Joules{joules * 0.25},
          .decode = Joules{joules * 0.5},
          .sd = Joules{joules * 0.01},
          .mean_power = Watts{300.125},
          .busy = Seconds{1.25}};
}

// A judged answer with every field filled.
inline AttemptRecord full_record(const std::string& id, const std::string& query_id) {
  AttemptRecord record;
  record.id = id;
  record.query_id = query_id;
  record.final = true;
  record.target = "local";
  record.model = "llama";
  record.accelerator = "NVIDIA H200";
  record.corpus = "mmlu";
  record.subject = "physics";
  record.language = "en";
  record.cycle = 3;
  record.epoch = "0123456789ab";
  record.outcome = replay::Outcome::ok;
  record.verdict = replay::VerdictKind::correct;
  record.score = 1;
  record.verdict_reason = "`C`, expected C";
  record.judge = "multiple_choice";
  record.slices = {{"level", "hard, \"very\""}};
  record.scheduled_at = wall(1795182113000001);
  record.sent_at = wall(1795182113000500);
  record.ended_at = wall(1795182114300000);
  record.first_token_at = wall(1795182113100500);
  record.last_token_at = wall(1795182114250500);
  record.duration = Seconds{1.25};
  record.scheduled_duration = Seconds{1.250499};
  record.time_to_first_token = Seconds{0.1};
  record.time_to_answer = Seconds{0.2};
  record.usage = {.input_tokens = 100, .cached_tokens = 10, .output_tokens = 50, .reasoning_tokens = 5};
  record.chunks = 40;
  record.server = {.load = Seconds{0.5}, .queue = {}, .prefill = Seconds{0.0625}, .decode = Seconds{1}, .total = {}};
  record.load = {.running = 6, .waiting = 0, .foreign = 2};
  record.client_lag = Seconds{0.00025};
  record.concurrency = 3.5;
  record.cost_usd = 0.000045;
  record.energy = {scope_energy(probes::Scope::accelerator, 375.1), scope_energy(probes::Scope::node, 500.2)};
  record.problem = "What is it?";
  record.answer = "It is (C).";
  return record;
}

}  // namespace ipw::testing
