#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw {

// Whether this program reads its streams in time, judged by the attempts that ended within the last minute: for each,
// the longest that bytes had arrived and were not yet read. Not thread-safe.
class ClientLag {
 public:
  // What distorts a time to first token that a user would look at.
  static constexpr Seconds kDistorting{0.005};

  // REQUIRES: `ended` does not go back by more than a minute.
  void add(MonoTime ended, Seconds lag);
  // More than one attempt of a hundred was distorted.
  bool saturated(MonoTime now) const;

 private:
  struct Second {
    std::int64_t at{-1};
    std::uint32_t all{0}, late{0};
  };
  std::array<Second, 60> seconds_{};
};

}  // namespace ipw
