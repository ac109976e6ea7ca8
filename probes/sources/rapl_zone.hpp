#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "probes/power_source.hpp"

namespace ipw::probes::sources {

// One energy counter of a CPU (Intel's RAPL, and AMD's of the same make), by whichever interface of the kernel.
class RaplCounter {
 public:
  virtual ~RaplCounter() = default;
  // From an arbitrary origin. Errors: as PowerSource::read().
  virtual Result<Joules> read() = 0;
};

struct RaplZone {
  Channel channel;
  std::unique_ptr<RaplCounter> counter;
};

// What can be drawn where firmware does not say. It must only tell power from a garbled counter, which is off by orders
// of magnitude.
constexpr Watts kMostOfAnyZone{2000};

// Whether this CPU, of the name cpu_model() gives, is AMD's make. Its package counters are one per socket: some kernels
// (6.9 to 6.11) show them once per die.
bool is_amd(const std::string& model);

// The channel of `package-K`, `package-K-die-J` or `psys` (`psys-K` on another socket); nothing for other names.
std::optional<Channel> top_channel(const std::string& name, const std::string& model);

// The channel of a package's `core`, `uncore` or `dram`; nothing for other names.
std::optional<Channel> part_channel(const std::string& name, const Channel& package);

}  // namespace ipw::probes::sources
