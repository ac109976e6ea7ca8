#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw {

// What a device draws when it does nothing: configured, or learned from quiet times (METHODOLOGY, "The idle floor"). A
// floor that is learned is a low one of the latest quiet windows of steady power, in bounded memory: so a device that
// falls into a deeper sleep, or whose power cap was changed, is learned anew. Owned by the attributor; one thread.
class IdleFloor {
 public:
  explicit IdleFloor(std::optional<Watts> configured = {}) : floor_(configured), configured_(configured.has_value()) {}

  // Time in its order: somebody was there, or it is not known what was drawn;
  void disturb();
  // or nobody was there.
  void rest(Interval when, Joules energy);
  // The meter's joules are known at this instant: a window may end here.
  void mark();

  std::optional<Watts> now() const { return floor_; }
  bool configured() const { return configured_; }

 private:
  void keep(Watts power);

  std::optional<Watts> floor_;
  bool configured_;
  // In whole nanoseconds, so that it does not matter how time is cut.
  std::chrono::nanoseconds rested_{0};  // since the last disturbance
  std::chrono::nanoseconds length_{0};  // of the window
  Joules energy_{0};
  std::optional<Watts> before_;  // the power of the window before this one
  std::vector<Watts> kept_;      // a ring
  std::size_t next_{0};
};

}  // namespace ipw
