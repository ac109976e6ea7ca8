#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw::testing {

// Seconds since the beginning of a test, as time.
inline MonoTime at(double seconds) {
  return MonoTime{std::chrono::hours(1)} + std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

struct QueryPlan {
  std::string id{"q"};
  std::size_t target{0};
  bool warmup{false};
  std::string subject{"math"}, language{"en"};
  std::uint64_t cycle{0};
};

inline std::shared_ptr<const replay::Query> make_query(const QueryPlan& plan = {}) {
  auto item = std::make_shared<replay::CorpusItem>();
  item->id = plan.id;
  item->problem = "What is it?";
  item->answer = "A";
  item->subject = plan.subject;
  item->language = plan.language;
  return std::make_shared<const replay::Query>(replay::Query{
      std::move(item), plan.target, plan.cycle, plan.warmup ? replay::Purpose::warmup : replay::Purpose::measure});
}

// One attempt as a test thinks of it: seconds, and text that comes in equal pieces at `chunks`.
struct AttemptPlan {
  double sent{0}, ended{1};
  std::vector<double> chunks{};
  std::optional<std::int64_t> input{}, output{};
  replay::Outcome outcome{replay::Outcome::ok};
  bool final{true};
  int number{1};
};

inline std::shared_ptr<const replay::Attempt> make_attempt(std::shared_ptr<const replay::Query> query,
                                                           const AttemptPlan& plan) {
  auto attempt = std::make_shared<replay::Attempt>();
  attempt->id = query->item->id + "/" + std::to_string(plan.number) + "@" + std::to_string(plan.sent);
  attempt->query = std::move(query);
  attempt->number = plan.number;
  attempt->final = plan.final;
  attempt->outcome = plan.outcome;
  if (!replay::answered(plan.outcome)) attempt->reason = "it failed";
  attempt->scheduled_at = attempt->sent_at = at(plan.sent);
  attempt->ended_at = at(plan.ended);
  for (const double chunk : plan.chunks) attempt->chunks.push_back({at(chunk), 8});
  if (!plan.chunks.empty()) {
    attempt->first_token_at = attempt->first_answer_at = at(plan.chunks.front());
    attempt->last_token_at = at(plan.chunks.back());
    attempt->answer = "B";
  }
  attempt->usage.input_tokens = plan.input;
  attempt->usage.output_tokens = plan.output;
  return attempt;
}

inline replay::Started started(const replay::Attempt& attempt) {
  return {attempt.id, attempt.query, attempt.number, attempt.sent_at};
}

}  // namespace ipw::testing
