#pragma once

#include <string>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/regression/monitor.hpp"

namespace ipw::web {

// Whether a target is fine, in a word and a sentence, for who has ten seconds. The worst that is known of it counts.
struct TargetState {
  enum class Kind {
    fine,     // measured, and no worse than its baseline
    waiting,  // not known yet, or not to be known
    bad,      // does not answer, or is worse than its baseline
  };
  Kind kind{};
  std::string word;  // "fine", "regressed", "warming up", ...
  std::string why;   // text, not HTML; of what servers say too
};

TargetState state_of(const TargetSnapshot& target);

// "energy (node)": what a test is about.
std::string test_name(const TestResult& test);
// "+12.3 % [8.1, 16.4] %" of the baseline; of accuracy in points. "–" before the first query.
std::string change_text(const TestResult& test);

}  // namespace ipw::web
