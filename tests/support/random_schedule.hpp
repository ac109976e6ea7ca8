#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/support/power.hpp"

namespace ipw::testing {

struct PowerReading {
  std::size_t channel;
  double at;
  Joules cumulative;
  bool gap;

  void feed(probes::PowerTimeline& timeline) const {
    if (gap)
      timeline.append_gap(testing::channel(channel), testing::at(at));
    else
      timeline.append(testing::channel(channel), testing::at(at), cumulative);
  }
};

// Things that happen in 20 seconds: readings of three channels, overlapping queries of two targets, retries, failures,
// warm-ups, and in some schedules gaps. The same seed gives the same schedule.
class RandomSchedule {
 public:
  static constexpr double kEnd = 20;            // no attempt is later
  static constexpr double kCovered = kEnd + 3;  // the meters are read until then
  struct Action {
    double at;
    int order;  // a start before its own end
    std::variant<PowerReading, replay::Started, replay::Finished, replay::LoadSeen> what;
  };

  explicit RandomSchedule(unsigned seed) : random_(seed) {
    grid_ = chance(0.5) ? 0.25 : 0;
    gaps = chance(0.3);
    for (std::size_t index = 0; index < 3; ++index) add_channel(index);
    for (int i = 0, n = static_cast<int>(uniform(1, 14)); i < n; ++i) add_query(i);
    shared = chance(0.3);
    if (shared) add_polls();
  }
  // In the order of their times; what is simultaneous comes in an order of the seed's choice.
  std::vector<Action> in_order(unsigned seed) const {
    auto shuffled = actions_;
    std::mt19937 random(seed);
    std::ranges::shuffle(shuffled, random);
    std::ranges::stable_sort(shuffled, {}, [](const auto& a) { return std::pair(a.at, a.order); });
    return shuffled;
  }

  std::vector<std::shared_ptr<const replay::Attempt>> attempts;
  bool gaps{false};
  bool shared{false};  // the second target's server tells of others

 private:
  double uniform(double a, double b) { return std::uniform_real_distribution<double>(a, b)(random_); }
  bool chance(double p) { return uniform(0, 1) < p; }
  // Half of the schedules put everything on a grid, so that much is simultaneous.
  double snap(double t) const { return grid_ > 0 ? std::round(t / grid_) * grid_ : t; }

  void add_channel(std::size_t index) {
    double joules = 0;
    for (double t = 0; t < kEnd + 2; t = std::max(t + 0.02, snap(t + uniform(0.05, 0.5)))) {
      joules += uniform(0.1, 60);
      actions_.push_back({t, 0, PowerReading{index, t, Joules{joules}, gaps && chance(0.03)}});
    }
    for (const double t : {kEnd + 2.5, kCovered, kCovered + 0.5}) {
      joules += 10;
      actions_.push_back({t, 0, PowerReading{index, t, Joules{joules}, false}});
    }
  }

  void add_query(int number) {
    const auto query = make_query({.id = std::to_string(number),
                                   .target = chance(0.6) ? 0U : 1U,
                                   .warmup = chance(0.15),
                                   .subject = "subject " + std::to_string(number % 3)});
    double sent = snap(uniform(0, 12));
    for (int attempt = 1; attempt <= 3; ++attempt) {
      AttemptPlan plan{sent, std::min(kEnd, snap(sent + uniform(0, 5)))};
      plan.number = attempt;
      plan.final = attempt == 3 || chance(0.7);
      plan.outcome = chance(0.6)   ? replay::Outcome::ok
                     : chance(0.5) ? replay::Outcome::cancelled
                                   : replay::Outcome::stream_cut;
      for (double t = sent + uniform(0, 1); t < plan.ended; t = snap(t + uniform(0, 0.8)) + (grid_ > 0 ? grid_ : 0.001))
        plan.chunks.push_back(t);
      if (chance(0.8)) plan.input = static_cast<int>(uniform(0, 3000));
      if (chance(0.8)) plan.output = static_cast<int>(uniform(0, 400));
      add(make_attempt(query, plan), plan);
      if (plan.final) return;
      sent = std::min(kEnd, snap(plan.ended + uniform(0, 2)));
    }
  }
  // Its counters of tokens: some in the first place, and now and then none at all.
  void add_polls() {
    double read = uniform(0, 1e6), generated = uniform(0, 1e5);
    for (double t = 0; t <= kCovered; t += t + 1 > kCovered && t < kCovered ? kCovered - t : 1) {
      const bool tells = chance(0.9);
      replay::LoadSeen poll{1, {}, {}, at(t), static_cast<std::int64_t>(uniform(0, 3)), {}};
      if (tells) poll.tokens = {read += chance(0.5) ? uniform(0, 5000) : 0, generated += uniform(0, 400), true};
      actions_.push_back({t, 0, poll});
    }
  }
  void add(std::shared_ptr<const replay::Attempt> attempt, const AttemptPlan& plan) {
    actions_.push_back({plan.sent, 1 + 2 * plan.number, started(*attempt)});
    actions_.push_back({plan.ended, 2 + 2 * plan.number, replay::Finished{attempt}});
    attempts.push_back(std::move(attempt));
  }

  std::mt19937 random_;
  double grid_{0};
  std::vector<Action> actions_;
};

// Two books for it: one device for the first target, two channels of the host for both. Weights are learned from the
// fifth window on, however uncertain.
inline std::vector<Book> books_of_two_targets() {
  std::vector<Book> books{make_book({0}, {0}, Watts{40}), make_book({1, 2}, {0, 1}, {}, probes::Scope::node, "host")};
  for (auto& book : books) book.rule = {.windows = 4, .error = 1e9};
  return books;
}

}  // namespace ipw::testing
