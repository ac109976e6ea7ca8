#pragma once

#include <cstdint>
#include <optional>

namespace ipw {

// What the published harness would take of a query. What is missing or not positive is unknown.
struct PublishedSample {
  std::optional<bool> correct;  // nothing: it could not be scored, and leaves the accuracy
  std::optional<double> joules, watts, seconds;
};

// The published harness's own figures, by its two programs (METHODOLOGY, "The published harness's formulas"). They are
// shown beside ours, because they differ: what cannot be scored leaves the numerator's denominator, and the accuracy
// and the energy may be of different queries.
class PublishedFigures {
 public:
  void add(const PublishedSample& sample);

  std::uint64_t queries() const { return queries_; }
  std::uint64_t unscored() const { return queries_ - scored_; }
  std::uint64_t imputed() const { return imputed_; }  // whose energy `analyze` takes for power times latency
  std::optional<double> accuracy() const;             // correct over scored
  std::optional<double> mean_joules() const;          // `analyze`: of the scored queries with energy, or imputed
  std::optional<double> mean_watts() const;           // `analyze`: of each, energy over latency; else as sampled
  std::optional<double> per_joule_analyze() const;    // accuracy over the mean energy
  std::optional<double> per_watt_analyze() const;     // accuracy over the mean power
  std::optional<double> per_joule_run() const;        // accuracy over the energy of all queries: falls as the run grows
  std::optional<double> per_watt_run() const;         // accuracy over the mean of the sampled powers

 private:
  struct Mean {
    double sum{0};
    std::uint64_t n{0};
    void add(double value) {
      sum += value;
      ++n;
    }
    std::optional<double> value() const;
  };
  std::uint64_t queries_{0}, scored_{0}, correct_{0}, imputed_{0};
  Mean joules_, watts_, sampled_watts_;
  double all_joules_{0};
};

}  // namespace ipw
