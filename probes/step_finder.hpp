#pragma once

#include <optional>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// Where between two updates of a slow counter power stepped. Inference steps from rest to work and back, and a straight
// line through the interval of the step would charge some of the work to the rest. Where power in an interval lies
// between the power before and the power after it, and these are far apart, one instant for the step explains all
// three:
//
//   P t = P_before g t + P_after (1 - g) t
//
// This is subcell resolution as it is used for shocks in flows (A. Harten, ENO schemes with subcell resolution, J.
// Comput. Phys. 83, 1989). Pure; not thread-safe.
class StepFinder {
 public:
  struct Point {
    MonoTime at;
    Joules cumulative;
    Seconds sd{0};  // of `at`: a peak within the interval looks like a step at another instant
  };
  // The step between the point before the last and the last one, now that the power after it is known.
  // REQUIRES: ascending in time; joules do not fall.
  std::optional<Point> add(const Point& point);
  // What comes next does not go on from here.
  void restart() { first_ = before_ = last_ = {}; }

 private:
  std::optional<Point> last_, before_, first_;
};

}  // namespace ipw::probes
