#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "exporter/statistics/clustered.hpp"

// How often 95 % bounds hold the truth, where the truth is known.
namespace ipw::testing {

// Each run draws its own queries, each with its own difficulty and its own mean energy, and asks each `repeats` times.
struct Scenario {
  int queries{100};
  int repeats{1};
  double accuracy{0.7};
  double log_sd{0.6};  // of the energy of one answer; four fifths of its variance are the query's own
  std::uint32_t clusters{1024};
};

constexpr std::array<const char*, 5> kFigures{"accuracy", "joules per query", "IPJ", "IPW, query", "IPW, time"};
using Covered = std::array<double, kFigures.size()>;  // share of the runs

class IntervalSimulation {
 public:
  explicit IntervalSimulation(const Scenario& scenario) : scenario_(scenario) {
    for (int i = 0; i < scenario.queries; ++i)
      keys_.push_back(cluster_of("question/" + std::to_string(i), scenario.clusters));
  }

  Covered run(int runs, std::uint64_t seed) {
    random_.seed(seed);
    Covered covered{};
    const auto truth = this->truth();
    for (int run = 0; run < runs; ++run) {
      const auto rows = draw();
      const auto efficiency = clustered_efficiency(rows);
      const std::array<std::optional<Estimate>, kFigures.size()> found{
          clustered_accuracy(rows), efficiency.joules_per_query, efficiency.per_joule, efficiency.per_watt_by_query,
          efficiency.per_watt_by_time};
      for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i] && found[i]->bounds.lower <= truth[i] && truth[i] <= found[i]->bounds.upper) covered[i] += 1;
    }
    for (auto& share : covered) share /= runs;
    return covered;
  }

 private:
  static constexpr double kDifficulty = 0.5;  // few queries are sometimes right and sometimes wrong
  static constexpr double kWrongCosts = 0.5;  // a wrong answer is longer by so many standard deviations
  static constexpr double kWatts = 300, kPowerSd = 0.1;

  std::array<double, kFigures.size()> truth() const {
    const double sd = scenario_.log_sd, p = scenario_.accuracy;
    const double joules = std::exp(sd * sd / 2) * (p + (1 - p) * std::exp(kWrongCosts * sd));
    const double spread = std::exp(kPowerSd * kPowerSd / 2);
    return {p, joules, p / joules, p / (kWatts * spread), p * spread / kWatts};
  }

  double normal() { return normal_(random_); }

  std::vector<ClusterTable::Row> draw() {
    std::vector<ClusterSums> sums(scenario_.clusters);
    std::gamma_distribution<double> right(scenario_.accuracy * kDifficulty);
    std::gamma_distribution<double> wrong((1 - scenario_.accuracy) * kDifficulty);
    std::uniform_real_distribution<double> uniform;
    for (const auto key : keys_) {
      const double a = right(random_), b = wrong(random_);
      const double solved = a + b > 0 ? a / (a + b) : scenario_.accuracy;
      const double own = normal() * std::sqrt(0.8) * scenario_.log_sd;
      for (int i = 0; i < scenario_.repeats; ++i) {
        const double score = uniform(random_) < solved ? 1 : 0;
        const double longer = score > 0 ? 0 : kWrongCosts * scenario_.log_sd;
        const double joules = std::exp(own + normal() * std::sqrt(0.2) * scenario_.log_sd + longer);
        const double watts = kWatts * std::exp(kPowerSd * normal());
        sums[key] += {.queries = 1, .score = score, .joules = joules, .seconds = joules / watts, .watts = watts};
      }
    }
    std::vector<ClusterTable::Row> rows;
    for (std::uint32_t key = 0; key < scenario_.clusters; ++key)
      if (sums[key].queries > 0) rows.push_back({key, sums[key]});
    return rows;
  }

  Scenario scenario_;
  std::vector<std::uint32_t> keys_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

}  // namespace ipw::testing
