#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/units.hpp"

namespace ipw {

// One monotonic clock for the whole program. Wall time exists only in logs and records (WallAnchor).
using MonoTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Half-open stretch of monotonic time. REQUIRES: begin <= end.
struct Interval {
  MonoTime begin, end;
};

constexpr Seconds between(MonoTime a, MonoTime b) {
  return Seconds{std::chrono::duration<double>(b - a).count()};
}
constexpr Seconds length(Interval when) {
  return between(when.begin, when.end);
}
constexpr std::chrono::nanoseconds to_chrono(Seconds s) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(s.value));
}

// What time it is, and how to wait for it. Thread-safe. Tests replace it (tests/support/fake_clock.hpp).
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  // Returns false, at once, when `stop` is requested before `until`; true when `until` has come.
  virtual bool sleep_until(MonoTime until, std::stop_token stop) const = 0;
};

class SteadyClock final : public Clock {
 public:
  MonoTime now() const override { return std::chrono::steady_clock::now(); }
  bool sleep_until(MonoTime until, std::stop_token stop) const override;
};

// Fixes one pair of monotonic and wall time, so that every record of a run is stamped consistently even when the wall
// clock is stepped while it runs. Immutable.
class WallAnchor {
 public:
  WallAnchor(MonoTime mono, WallTime wall) : mono_(mono), wall_(wall) {}
  static WallAnchor now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

  WallTime wall(MonoTime at) const { return wall_ + std::chrono::duration_cast<WallTime::duration>(at - mono_); }

 private:
  MonoTime mono_;
  WallTime wall_;
};

// RFC 3339 in UTC with microseconds: 2026-11-20T13:41:53.000001Z
std::string rfc3339(WallTime at);

}  // namespace ipw
