#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw {

// The mean power of a scope while queries ran, over wall time, in bounded memory: equal steps of time, each with the
// mean over the queries that ran in it, weighted by how long. Steps double in length when there are too many of them; a
// step in which nothing ran is not there: it is a gap, not 0 W.
class PowerOverTime {
 public:
  struct Step {
    double begin{0};  // seconds since 1970
    Watts power{0};
  };
  static constexpr std::size_t kSteps = 1000;

  // REQUIRES: begin <= end. An instant counts for nothing.
  void add(WallTime begin, WallTime end, Watts power);
  Seconds step() const { return Seconds{static_cast<double>(step_)}; }
  std::vector<Step> steps() const;  // ascending

 private:
  struct Sum {
    double joules{0}, seconds{0};
  };
  void widen();

  std::int64_t step_{1};  // seconds
  std::map<std::int64_t, Sum> sums_;
};

}  // namespace ipw
