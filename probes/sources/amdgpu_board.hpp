#pragma once

#include "base/result.hpp"
#include "probes/power_source.hpp"

namespace ipw::probes::sources::amdgpu {

// One board whose power can be read, from the kernel's files or through a library. Its sampler's thread only.
class Board {
 public:
  virtual ~Board() = default;
  // Fixed for life; named by its source.
  virtual const Channel& channel() const = 0;
  // Errors: as PowerSource::read().
  virtual Result<StampedReading> read() = 0;
  virtual DeviceState state() = 0;
};

// No board draws this much for longer than the blink of an eye; where nothing tells more of it.
constexpr Watts kMostOfAnyBoard{2000};

// The limit may be passed threefold for milliseconds; what must be told apart from power is off by orders of magnitude.
constexpr double kBurst = 3;
constexpr Watts kLeastBound{500};

}  // namespace ipw::probes::sources::amdgpu
