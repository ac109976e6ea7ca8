#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sources/apple_soc.hpp"

namespace ipw::probes::sources {

// One report of `powermetrics -f plist`: mean power over the time that it says has passed, which is not the time that
// was asked for.
struct PowermetricsReport {
  Seconds elapsed;
  std::array<std::optional<Watts>, kAppleParts> power;  // by ApplePart; it does not know the memory's
  Watts combined;                                       // CPU, GPU and ANE
};

// Reads one property list. Errors: invalid, for what is no such list, has no time, no power of CPU and GPU (an Intel
// machine's), or a power that is negative, not a number or above 1 kW.
Result<PowermetricsReport> parse_powermetrics(std::string_view text);

// Cuts the stream into reports, each ended by a NUL, however it arrives. A report over 4 MiB is dropped.
class PowermetricsStream {
 public:
  std::vector<Result<PowermetricsReport>> feed(std::string_view bytes);

 private:
  std::string report_;
  bool too_long_{false};
};

// Adds reports up to counters. One thread.
class PowermetricsCounters {
 public:
  // Which parts there are is what the first report says.
  PowermetricsCounters(const PowermetricsReport& first, std::string_view model, MonoTime at);

  std::span<const Channel> channels() const { return channels_; }
  // A report that arrived at `at`.
  void add(const PowermetricsReport& report, MonoTime at);
  // Errors: retry, for a part that the last report leaves out.
  std::vector<Result<StampedReading>> read() const;

 private:
  std::vector<ApplePart> parts_;
  std::vector<Channel> channels_;
  std::vector<Joules> counted_;              // by channel
  std::vector<std::optional<Watts>> power_;  // by channel, of the last report
  MonoTime at_;
};

}  // namespace ipw::probes::sources
