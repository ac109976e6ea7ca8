#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "replay/replayer.hpp"
#include "tests/support/event_log.hpp"

namespace ipw::testing {

// A corpus of `count` questions q1, q2, ... whose right answer is 42.
inline std::string questions(int count) {
  std::string lines;
  for (int i = 1; i <= count; ++i)
    lines += "{\"id\":\"q" + std::to_string(i) + "\",\"problem\":\"6 * 7?\",\"answer\":\"42\"}\n";
  return lines;
}

inline const replay::Bench& bench() {
  static const auto opened = *replay::Bench::open(Options::none());
  return *opened;
}

inline std::unique_ptr<replay::Pacing> closed_loop(int concurrency) {
  OptionsNode value, schedule;
  value.kind = OptionsNode::Kind::scalar;
  value.text = std::to_string(concurrency);
  schedule.kind = OptionsNode::Kind::map;
  schedule.entries.emplace_back("concurrency", value);
  Options options("test", schedule);
  return *replay::open_pacing(options);
}

// What a replayer is made of, with the dialect `openai`; the corpus text, clock and log outlive it.
inline replay::Replayer::Parts replay_parts(const std::string& corpus, std::unique_ptr<replay::Transport> transport,
                                            const Clock& clock, EventLog& log) {
  replay::Replayer::Parts parts;
  parts.id_prefix = "run";
  auto request = Options::none();
  parts.dialect = *(*replay::dialects().find("openai"))("model", request);
  parts.transport = std::move(transport);
  parts.pacing = closed_loop(1);
  replay::QueryFeed::Plan plan;
  plan.open = [&corpus]() -> Result<std::unique_ptr<replay::CorpusReader>> {
    return replay::CorpusReader::from_text("corpus", corpus);
  };
  parts.feed = std::make_unique<replay::QueryFeed>(std::move(plan));
  parts.bench = &bench();
  parts.clock = &clock;
  parts.events = log.sink();
  return parts;
}

// What holds for the events of every run, whatever happened in it.
inline void expect_sound(const EventLog& log) {
  std::map<std::string, int> begun, ended;
  std::map<std::string, MonoTime> started_at;
  std::set<const replay::Attempt*> finals, judged;
  for (const auto& event : log.events()) {
    if (const auto* started = std::get_if<replay::Started>(&event)) {
      EXPECT_EQ(++begun[started->attempt_id], 1) << started->attempt_id << " started twice";
      started_at[started->attempt_id] = started->at;
    } else if (const auto* finished = std::get_if<replay::Finished>(&event)) {
      const auto& a = *finished->attempt;
      EXPECT_EQ(begun[a.id], 1) << a.id << " finished before it started";
      EXPECT_EQ(++ended[a.id], 1) << a.id << " finished twice";
      EXPECT_LE(started_at[a.id], a.sent_at) << a.id;
      EXPECT_LE(a.scheduled_at, a.sent_at) << a.id;
      EXPECT_LE(a.sent_at, a.ended_at) << a.id;
      EXPECT_EQ(a.reason.empty(), answered(a.outcome)) << a.id << ": " << a.reason;
      if (a.final && a.outcome != replay::Outcome::cancelled && a.query->measured()) finals.insert(&a);
    } else if (const auto* verdict = std::get_if<replay::Judged>(&event)) {
      EXPECT_TRUE(finals.contains(verdict->attempt.get())) << verdict->attempt->id << " judged out of turn";
      EXPECT_TRUE(judged.insert(verdict->attempt.get()).second) << verdict->attempt->id << " judged twice";
    }
  }
  EXPECT_EQ(begun.size(), ended.size()) << "an attempt was started and never finished";
  EXPECT_EQ(finals.size(), judged.size()) << "a final attempt was not judged";
}

}  // namespace ipw::testing
