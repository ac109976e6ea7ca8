#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/options.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ipw::replay {

// When to send the next query. Pure: no clock, no thread. Owned by one replayer.
class Pacing {
 public:
  virtual ~Pacing() = default;
  // The scheduled time of the next query when `in_flight` are under way, or nothing while it must wait for one to end.
  // A time that is not after `now` means at once.
  virtual std::optional<MonoTime> next(MonoTime now, std::size_t in_flight) = 0;
  // How many queries may be in flight at once.
  virtual std::size_t max_in_flight() const = 0;
};

// Reads a `schedule` map: {mode: closed, concurrency: 1..256}. Errors: invalid.
Result<std::unique_ptr<Pacing>> open_pacing(Options& schedule);

}  // namespace ipw::replay
