#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "exporter/regression/baseline.hpp"

namespace ipw {

// A panel whose laws are known, replayed for ever: each item's chance to be right, and the levels around which its
// logarithms of joules and seconds are normal. Tests and simulations change the laws and look what is noticed.
class PanelWorld {
 public:
  struct Item {
    std::string id, subject;
    double right, log_joules, log_seconds;
  };
  struct Noise {
    double energy{0.1}, latency{0.1};  // standard deviations within an item
    double cycle{0};                   // of what all joules of a cycle have in common
  };
  PanelWorld(std::vector<Item> panel, Noise noise, std::uint64_t seed)
      : items(std::move(panel)), noise_(noise), random_(seed) {
    for (std::uint32_t i = 0; i < items.size(); ++i) order_.push_back(i);
    query_.energy = {{.scope = probes::Scope::accelerator, .quality = probes::Quality::measured}};
    query_.outcome = replay::Outcome::ok;
  }

  std::vector<Item> items;

  // The next query: every item once a cycle, in an order of its own each time, one a minute.
  const CompletedQuery& next() {
    if (place_ == 0) {
      std::ranges::shuffle(order_, random_);
      if (noise_.cycle > 0) drift_ = noise_.cycle * normal_(random_);
    }
    const auto& item = items[order_[place_]];
    const bool right = uniform_(random_) < item.right;
    query_.query_id = item.id;
    query_.subject = item.subject;
    query_.cycle = cycle_;
    query_.ended_at += std::chrono::minutes(1);
    query_.score = right ? 1 : 0;
    query_.verdict = right ? replay::VerdictKind::correct : replay::VerdictKind::wrong;
    query_.duration = Seconds{std::exp(item.log_seconds + noise_.latency * normal_(random_))};
    query_.energy.front().gross = Joules{std::exp(item.log_joules + drift_ + noise_.energy * normal_(random_))};
    if (++place_ == order_.size()) place_ = 0, ++cycle_;
    return query_;
  }

  Result<PanelBaseline> baseline(std::size_t cycles) {
    std::vector<Observation> seen;
    for (std::size_t i = 0; i < cycles * items.size(); ++i) seen.push_back(observe(next()));
    return PanelBaseline::from(seen);
  }

  double uniform() { return uniform_(random_); }
  double normal() { return normal_(random_); }

 private:
  Noise noise_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0, 1};
  std::normal_distribution<double> normal_{0, 1};
  std::vector<std::uint32_t> order_;
  std::size_t place_{0};
  std::uint64_t cycle_{0};
  double drift_{0};
  CompletedQuery query_;
};

// `count` items of which about `accuracy` are answered right but for flips: two replays differ in `discordance` of
// them.
inline std::vector<PanelWorld::Item> made_up_panel(std::size_t count, double accuracy, double discordance) {
  const double flip = (1 - std::sqrt(1 - 2 * discordance)) / 2;
  std::vector<PanelWorld::Item> items;
  std::mt19937_64 random(count);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < count; ++i) {
    const bool right = static_cast<double>(i) < accuracy * static_cast<double>(count);
    items.push_back({"q" + std::to_string(i), "subject " + std::to_string(i % 7), right ? 1 - flip : flip,
                     5 + normal(random), 1 + 0.5 * normal(random)});
  }
  return items;
}

}  // namespace ipw
