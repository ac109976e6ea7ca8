#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/options.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ipw::replay {

// When to send the next query. Pure: no clock, no thread. Owned by one replayer.
//
// The times of an open loop are fixed ahead, from the first call of next() on, whatever the server does: a query that
// cannot go out in time (too many in flight) keeps its scheduled time and goes out late, and moves no other. While a
// gate holds the whole target back, its replayer lets the schedule's time stand still. So a stall shows in the latency
// of every query that it has kept waiting (docs/METHODOLOGY.md, "Latency").
class Pacing {
 public:
  virtual ~Pacing() = default;
  // The scheduled time of the next query; one that is not after `now` means at once. Tells the same query again until
  // it was sent(); only a trickle gives up one whose time has passed. REQUIRES: `now` never falls.
  virtual MonoTime next(MonoTime now) = 0;
  // The query of which next() told last has gone out.
  virtual void sent() = 0;
  // How many queries may be in flight at once; the caller sees to it.
  std::size_t max_in_flight() const { return max_in_flight_; }
  // For people: "constant, 2/s".
  const std::string& text() const { return text_; }

 protected:
  Pacing(std::size_t max_in_flight, std::string text) : max_in_flight_(max_in_flight), text_(std::move(text)) {}

 private:
  std::size_t max_in_flight_;
  std::string text_;
};

// Reads a `schedule` map (docs/CONFIGURATION.md): closed, constant, poisson or trickle. Schedules by chance that have
// one seed and different names differ. Errors: invalid.
Result<std::unique_ptr<Pacing>> open_pacing(Options& schedule, std::string_view name = {});

}  // namespace ipw::replay
