#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "probes/timeline.hpp"
#include "tests/support/attempts.hpp"

namespace ipw::testing {

// A simulated accelerator and the server on it. What it draws follows a stated law:
//
//   P = idle + base [somebody works] + a r + f(n),   f(n) = c n / (1 + n/n0)
//
// r: tokens read per second, n: requests that generate. Prompts are read at `read_rate` tokens per second, shared
// evenly by those that are read at once; a request that generates gets 1 / (t0 + t1 n) tokens per second.
//
// What a request truly cost is its Shapley share of P - idle, instant by instant, as a game of those who work. The game
// is a sum, and so is the share: `base` is a game in which any one player earns all, so each of w players has 1/w; `a
// r` is additive, so each has its own part; f depends on how many generate alone, so each of these has f(n)/n.
struct BatchingLaw {
  double idle{80}, base{120};     // W
  double a{0.012};                // J
  double c{12}, n0{32};           // W
  double read_rate{20000};        // tokens/s
  double t0{0.012}, t1{0.00016};  // s

  double generating(double n) const { return c * n / (1 + n / n0); }
};

// A closed loop of `streams`, over which prompts and answers have log-normal lengths.
class SimulatedRun {
 public:
  struct Shape {
    int streams{1}, queries{100};
    unsigned seed{1};
    double quiet{12};  // seconds before the first request
    int chunk{4};      // tokens in a piece of text
    double think{0};   // seconds between an answer and the next request, on average
  };
  struct Query {
    std::shared_ptr<const replay::Attempt> attempt;
    double joules{0};  // its Shapley share
  };

  SimulatedRun(const BatchingLaw& law, const Shape& shape) : law_(law), shape_(shape), random_(shape.seed) {
    now_ = shape.quiet;
    for (int i = 0; i < shape.streams; ++i) wait();
    while (!waiting_.empty() || !active_.empty()) step();
    end = now_ + 1;
    corner(end);
  }

  double end{0};
  std::vector<Query> queries;

  // A counter of whole millijoules that moves every `period` seconds.
  void feed(probes::PowerTimeline& timeline, std::size_t channel, double period = 0.1) const {
    std::size_t next = 1;
    for (double t = 0; t <= end + 1; t += period) {
      while (next + 1 < corners_.size() && corners_[next].at < t) ++next;
      const auto &before = corners_[next - 1], &after = corners_[next];
      const double share = (t - before.at) / (after.at - before.at);
      const double joules = before.joules + (after.joules - before.joules) * share;
      timeline.append(probes::ChannelId(channel), at(t), Joules{std::floor(joules * 1000) / 1000});
    }
  }

 private:
  struct Corner {
    double at, joules;
  };
  struct Active {
    std::shared_ptr<replay::Attempt> attempt;
    double to_read, to_generate;
    double tokens;  // of the answer
    int told{0};    // of them
    double joules{0};
    bool reads() const { return to_read > 0; }
  };

  double log_normal(double median, double sigma) {
    return std::round(std::clamp(std::lognormal_distribution<double>(std::log(median), sigma)(random_), 8.0, 16384.0));
  }

  void wait() {
    if (started_++ >= shape_.queries) return;
    const double pause = shape_.think > 0 ? std::exponential_distribution<double>(1 / shape_.think)(random_) : 0;
    waiting_.push_back(now_ + pause);
    std::ranges::sort(waiting_);
  }

  void start() {
    waiting_.erase(waiting_.begin());
    auto attempt = std::make_shared<replay::Attempt>();
    attempt->query = make_query({.id = std::to_string(queries.size() + active_.size())});
    attempt->id = attempt->query->item->id + "/" + std::to_string(now_);
    attempt->final = true;
    attempt->outcome = replay::Outcome::ok;
    attempt->scheduled_at = attempt->sent_at = at(now_);
    const double read = log_normal(600, 1.0), generated = log_normal(200, 0.7);
    attempt->usage.input_tokens = std::llround(read);
    attempt->usage.output_tokens = std::llround(generated);
    active_.push_back({attempt, read, generated - 1, generated});
  }

  // Up to the next instant at which anything changes: a request comes, has been read, has a piece of its answer.
  void step() {
    double readers = 0, generators = 0;
    for (const auto& active : active_) (active.reads() ? readers : generators) += 1;
    const double read_each = readers > 0 ? law_.read_rate / readers : 0;
    const double generate_each = 1 / (law_.t0 + law_.t1 * generators);
    double next = waiting_.empty() ? 1e18 : std::max(0.0, waiting_.front() - now_);
    for (const auto& active : active_)
      next = std::min(next, active.reads() ? active.to_read / read_each : due(active) / generate_each);
    pass(next, readers, generators, read_each, generate_each);
    if (!waiting_.empty() && waiting_.front() <= now_ + 1e-12) start();
  }

  // Tokens to go until the next piece of text.
  double due(const Active& active) const {
    const double generated = active.tokens - active.to_generate;
    return std::min(active.to_generate, active.told + shape_.chunk - generated);
  }

  void pass(double seconds, double readers, double generators, double read_each, double generate_each) {
    const double workers = readers + generators;
    const double power = workers > 0 ? law_.base + law_.a * read_each * readers + law_.generating(generators) : 0;
    corner(now_);
    joules_ += (law_.idle + power) * seconds;
    now_ += seconds;
    for (auto& active : active_) {
      active.joules += law_.base / workers * seconds;
      if (active.reads()) {
        active.joules += law_.a * read_each * seconds;
        active.to_read -= read_each * seconds;
        if (active.to_read <= 1e-6) tell(active, active.to_read = 0, 1);
      } else {
        active.joules += law_.generating(generators) / generators * seconds;
        const double left = due(active) - generate_each * seconds;
        active.to_generate -= generate_each * seconds;
        if (left <= 1e-6) tell(active, 0, static_cast<int>(std::lround(active.tokens - active.to_generate)));
      }
    }
    std::erase_if(active_, [&](Active& active) {
      if (active.reads() || active.to_generate > 1e-6) return false;
      active.attempt->ended_at = at(now_);
      active.attempt->last_token_at = active.attempt->ended_at;
      queries.push_back({active.attempt, active.joules});
      return true;
    });
    while (started_ < shape_.queries && waiting_.size() + active_.size() < static_cast<std::size_t>(shape_.streams))
      wait();
  }

  void tell(Active& active, double, int generated) {
    auto& attempt = *active.attempt;
    if (!attempt.first_token_at) attempt.first_token_at = attempt.first_answer_at = at(now_);
    if (generated > active.told)
      attempt.chunks.push_back({at(now_), static_cast<std::uint32_t>(generated - active.told)});
    active.told = generated;
  }

  void corner(double when) {
    if (corners_.empty()) {
      corners_.push_back({0, 0});
      joules_ = law_.idle * shape_.quiet;
    }
    if (when > corners_.back().at)
      corners_.push_back({when, when == end ? joules_ + law_.idle * (when - now_) : joules_});
    if (when == end) corners_.push_back({end + 10, corners_.back().joules + law_.idle * 10});
  }

  BatchingLaw law_;
  Shape shape_;
  std::mt19937 random_;
  double now_{0}, joules_{0};
  int started_{0};
  std::vector<double> waiting_;
  std::vector<Active> active_;
  std::vector<Corner> corners_;
};

}  // namespace ipw::testing
