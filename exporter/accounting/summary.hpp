#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

// What one pass of one target came to, from its records: the table at the end of `replay`. The same definitions as the
// metrics, so that the two agree. Add records in any order, non-final attempts included.
class PassSummary {
 public:
  void add(const AttemptRecord& record);

  std::uint64_t queries() const { return queries_; }  // final, cancelled ones excluded
  std::uint64_t answered() const { return answered_; }
  std::uint64_t cancelled() const { return cancelled_; }
  double score() const { return score_; }
  const std::array<std::uint64_t, replay::kOutcomes>& outcomes() const { return outcomes_; }
  const std::array<std::uint64_t, replay::kVerdictKinds>& verdicts() const { return verdicts_; }
  const std::map<EnergyLabels, Metered>& metered() const { return metered_; }
  // Of answered queries, for quantiles.
  std::vector<double> durations, first_tokens;
  std::uint64_t input_tokens{0}, output_tokens{0};

 private:
  struct Spent {
    Joules energy{0};
    Seconds busy{0}, window{0};
    Joules scope_energy{0};
    bool valid{true};
  };
  void add_energy(const AttemptRecord& record);

  std::uint64_t queries_{0}, answered_{0}, cancelled_{0};
  double score_{0};
  std::array<std::uint64_t, replay::kOutcomes> outcomes_{};
  std::array<std::uint64_t, replay::kVerdictKinds> verdicts_{};
  std::map<EnergyLabels, Metered> metered_;
  std::map<std::string, std::map<EnergyLabels, Spent>> open_;  // by query: attempts whose final one has not come yet
};

}  // namespace ipw
