// In how many % of simulated runs the 95 % bounds hold the truth, as a Markdown table: lowest and highest over the
// accuracies 0.3, 0.5, 0.7, 0.9 and 0.95. Usage: interval_coverage [RUNS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/interval_simulation.hpp"

namespace {

using namespace ipw::testing;

struct Design {
  const char* name;
  int queries, repeats;
  std::uint32_t clusters;
};

constexpr Design kDesigns[] = {{"100", 100, 1, 1024},        {"300", 300, 1, 1024},
                               {"1,000", 1000, 1, 1024},     {"1,000 of a slice", 1000, 1, 64},
                               {"10,000", 10000, 1, 1024},   {"500, once", 500, 1, 1024},
                               {"500, twice", 500, 2, 1024}, {"500, 20 times", 500, 20, 1024}};

void print_row(const Design& design, double log_sd, int runs) {
  Covered lowest, highest;
  lowest.fill(1);
  highest.fill(0);
  for (const double accuracy : {0.3, 0.5, 0.7, 0.9, 0.95}) {
    const auto covered =
        IntervalSimulation({design.queries, design.repeats, accuracy, log_sd, design.clusters}).run(runs, 1);
    for (std::size_t i = 0; i < covered.size(); ++i) {
      lowest[i] = std::min(lowest[i], covered[i]);
      highest[i] = std::max(highest[i], covered[i]);
    }
  }
  std::printf("| %s | %.1f |", design.name, log_sd);
  for (std::size_t i = 0; i < lowest.size(); ++i) std::printf(" %.1f to %.1f |", 100 * lowest[i], 100 * highest[i]);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 2000;
  std::printf("| queries | sd |");
  for (const char* figure : kFigures) std::printf(" %s |", figure);
  std::printf("\n| --- | --- |");
  for (std::size_t i = 0; i < kFigures.size(); ++i) std::printf(" --- |");
  std::printf("\n");
  for (const auto& design : kDesigns)
    for (const double log_sd : {0.3, 0.6, 1.0}) print_row(design, log_sd, runs);
}
