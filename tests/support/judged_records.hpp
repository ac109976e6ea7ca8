#pragma once

#include <string>

#include "exporter/accounting/record.hpp"
#include "exporter/analysis/finished_queries.hpp"
#include "tests/support/records.hpp"

namespace ipw::testing {

// The final and only attempt of a query, judged, with nothing but what an analysis looks at. It took 2 s.
inline AttemptRecord judged(const std::string& target, const std::string& query, replay::VerdictKind verdict) {
  AttemptRecord record;
  record.id = target + "/" + query;
  record.query_id = query;
  record.final = true;
  record.target = target;
  record.corpus = "mmlu";
  record.subject = "physics";
  record.outcome = replay::Outcome::ok;
  record.verdict = verdict;
  record.score = verdict == replay::VerdictKind::correct ? 1 : verdict == replay::VerdictKind::tie ? 0.5 : 0;
  record.sent_at = wall(1'000'000);
  record.ended_at = wall(3'000'000);
  return record;
}

// The same with joules of the accelerator.
inline AttemptRecord judged(const std::string& target, const std::string& query, replay::VerdictKind verdict,
                            double joules) {
  auto record = judged(target, query, verdict);
  record.energy = {scope_energy(probes::Scope::accelerator, joules)};
  return record;
}

// One of several attempts, each sent a second after the one before. `number` counts from 1.
inline AttemptRecord attempt(AttemptRecord record, int number, bool final) {
  record.id += "#" + std::to_string(number);
  record.attempt = number;
  record.final = final;
  record.sent_at += std::chrono::seconds(number - 1);
  record.ended_at = record.sent_at + std::chrono::seconds(1);
  return record;
}

// An attempt that came to nothing and is judged by nobody.
inline AttemptRecord failed(AttemptRecord record, replay::Outcome outcome = replay::Outcome::connect) {
  record.outcome = outcome;
  record.verdict.reset();
  record.score.reset();
  return record;
}

}  // namespace ipw::testing
