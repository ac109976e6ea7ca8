#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/app.hpp"
#include "exporter/regression/monitor.hpp"

namespace ipw {

// Holds one pass against the baseline of a journal: for pipelines that let a model or a driver through, or not.
class RegressionGate {
 public:
  // Errors: invalid, where the journal has nothing that this plan's targets can be compared with: says why.
  static Result<RegressionGate> open(const std::string& journal, const Plan& plan);

  struct Outcome {
    std::string table;  // what got worse, what did not, what is undecided
    bool worse{false};
  };
  Result<Outcome> look(const App& app) const;

 private:
  struct Target {
    std::string name, corpus;
    std::shared_ptr<const PanelBaseline> baseline;
  };
  RegressionOptions options_;
  std::vector<Target> targets_;
};

}  // namespace ipw
