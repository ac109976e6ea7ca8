#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/catalog.hpp"
#include "base/options.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/units.hpp"

namespace ipw::probes {

// What a channel's sensor sits on. Decides which scope a channel may stand for and what contains what (topology.hpp).
enum class Domain {
  gpu,          // one GPU board
  soc,          // the rail of a system on chip
  cpu_package,  // a CPU socket
  cpu_core,     // the cores of a socket: part of its package
  cpu_uncore,   // the rest of a socket: part of its package
  dram,         // memory, outside the package
  platform,     // the whole machine as its firmware or BMC sees it (psys, DCMI, battery)
  wall,         // a meter in front of the power supply
};

enum class Quality { measured, estimated, simulated };

// What draws power: `id` never changes while the hardware stays (GPU UUID, PCI address, or "host"), `name` is what
// people call it ("NVIDIA H200", the CPU's model name). The same id seen by two sources is one device.
struct Device {
  std::string id;
  std::string name;
};

// One thing that a source can read. Immutable for the life of the source.
struct Channel {
  std::string name;    // unique within its source, shown to users: "package-0", "gpu0"
  std::string parent;  // the channel of the same source that contains this one; empty at the top
  Device device;
  Domain domain{};
  Quality quality{Quality::measured};
  std::optional<Joules> wraps_at;  // a counter returns to 0 after this much; empty: it never wraps, or is not a counter
  std::optional<Watts> max_power;  // readings that imply more than this are implausible
};

// Exactly one of: joules counted so far (from an arbitrary origin), or the power right now.
using Reading = std::variant<Joules, Watts>;

struct StampedReading {
  MonoTime at;  // the middle of the hardware's read call, or the sensor's own stamp where it gives one
  Reading value;
};

// A piece of hardware, or a model of one, that knows how much power is drawn.
//
// Owned by one sampler, whose thread is the only caller of read(). An object that exists works: factories open and
// probe in one step. read() may block for as long as the hardware does; nothing else waits for it.
class PowerSource {
 public:
  virtual ~PowerSource() = default;
  // Fixed for life; at least one; may be called from any thread.
  virtual std::span<const Channel> channels() const = 0;
  // One entry per channel, in the same order. Errors: unavailable (the sensor is gone or not readable: names the path
  // and the reason), retry (this reading failed, the next may not), invalid (not a number, out of the sensor's range).
  virtual std::vector<Result<StampedReading>> read() = 0;
};

// What the factories may look at. `root` stands for / in every path of /sys, /proc and /dev.
struct ProbeEnvironment {
  std::filesystem::path root{"/"};
  const Clock* clock{nullptr};
};

// Opens a source from its own sub-tree of the configuration. Errors: invalid (wrong option, with its place),
// unavailable (no such hardware, no permission: the reason, and what would help).
using OpenPowerSource = Result<std::unique_ptr<PowerSource>> (*)(Options&, const ProbeEnvironment&);

// Every source there is, in the order in which `auto` tries them (power_sources.cpp).
const Catalog<OpenPowerSource>& power_sources();

std::string_view to_text(Domain domain);
std::string_view to_text(Quality quality);

}  // namespace ipw::probes
