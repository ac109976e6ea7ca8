#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "replay/attempt.hpp"

namespace ipw::testing {

// Keeps the events of a replayer, in the order they came. Thread-safe.
class EventLog {
 public:
  replay::EventSink sink() {
    return [this](replay::AttemptEvent event) {
      std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      changed_.notify_all();
    };
  }

  // One line for each: "started q1 #1", "finished q1 #1 http_5xx", "finished q1 #2 ok final", "judged q1 correct",
  // "paused load", "goes on". Warm-ups are marked: "started q1 #1 warmup".
  std::vector<std::string> lines() const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& event : events_) all.push_back(line(event));
    return all;
  }
  // The lines about one query.
  std::vector<std::string> about(const std::string& query) const {
    auto all = lines();
    std::erase_if(all,
                  [&](const std::string& text) { return (text + " ").find(" " + query + " ") == std::string::npos; });
    return all;
  }
  std::vector<replay::AttemptEvent> events() const {
    std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<replay::Attempt> attempts() const {
    std::vector<replay::Attempt> all;
    for (const auto& event : events())
      if (const auto* finished = std::get_if<replay::Finished>(&event)) all.push_back(*finished->attempt);
    return all;
  }
  // Waits until a line has come.
  void await(const std::string& text) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::any_of(events_.begin(), events_.end(), [&](const auto& event) { return line(event) == text; });
    });
  }

 private:
  static std::string head(const char* what, const replay::Query& query, int number) {
    return what + query.item->id + " #" + std::to_string(number) + (!query.measured() ? " warmup" : "");
  }
  static std::string line(const replay::AttemptEvent& event) {
    if (const auto* started = std::get_if<replay::Started>(&event))
      return head("started ", *started->query, started->number);
    if (const auto* finished = std::get_if<replay::Finished>(&event)) {
      const auto& attempt = *finished->attempt;
      return head("finished ", *attempt.query, attempt.number) + " " + std::string(to_text(attempt.outcome)) +
             (attempt.final ? " final" : "");
    }
    if (const auto* paused = std::get_if<replay::Paused>(&event))
      return paused->reason ? "paused " + std::string(to_text(*paused->reason)) : "goes on";
    if (std::holds_alternative<replay::LoadSeen>(event)) return "load seen";
    if (std::holds_alternative<replay::IdentitySeen>(event)) return "identity seen";
    if (std::holds_alternative<replay::JudgeAudited>(event)) return "audited";
    if (const auto* deferred = std::get_if<replay::JudgementDeferred>(&event))
      return "deferred " + deferred->attempt->query->item->id;
    const auto& judged = std::get<replay::Judged>(event);
    return "judged " + judged.attempt->query->item->id + " " + std::string(to_text(judged.verdict.kind));
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<replay::AttemptEvent> events_;
};

}  // namespace ipw::testing
