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
  gpu,          // one GPU board; its slices (MIG) have no sensor of their own
  soc,          // a system on chip: GPU, CPU and what else is on it (Jetson, an APU, Apple silicon)
  module,       // a board that carries GPU and CPU (GH200)
  cpu_package,  // a CPU socket
  cpu_core,     // the cores of a socket: part of its package
  cpu_uncore,   // the rest of a socket: part of its package
  dram,         // memory, outside the package
  platform,     // the whole machine as its firmware or BMC sees it (psys, DCMI, battery)
  wall,         // a meter in front of the power supply
  other,        // some part of the machine, not known which: never charged unless the user says so
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
  Seconds read_every{0};           // reading the sensor more often gains nothing or harms (a BMC, a plug)
  Seconds averages_over{0};        // a gauge that shows the mean of so long before its stamp
  // The share of the time that the sensor looks at; what happens between is not in its figures. Where it is not known,
  // a counter is taken to see all, and a gauge to see instants.
  std::optional<double> looks{};
};

// Exactly one of: joules counted so far (from an arbitrary origin), or the power right now.
using Reading = std::variant<Joules, Watts>;

struct StampedWatts {
  MonoTime at;
  Watts value;
};

struct StampedReading {
  MonoTime at;  // the middle of the hardware's read call, or the sensor's own stamp where it gives one
  Reading value;
  // Beside a counter: what the same hardware says is drawn right now. The counter is checked against it (cross_check).
  std::optional<StampedWatts> power{};
};

// What decides how much work a device does with a joule, as far as its source can tell. Empty or absent: not told.
struct DeviceState {
  std::string device;                 // Device::id
  std::string driver;                 // version of what drives it: "580.65.06"
  std::string partition;              // "MIG 1g.18gb x7", "CPX/NPS4"
  std::optional<Watts> power_cap;     // enforced now
  std::optional<double> clock_hertz;  // of its compute units, now
  std::optional<double> clock_cap_hertz;
  std::vector<std::string> throttled_by;  // why it runs slower than it might: "power_cap", "thermal", "hardware"
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
  // What it found and cannot measure, and why; empty where that is nothing.
  virtual std::string left_out() const { return {}; }
  // One entry per channel, in the same order. Errors: unavailable (the sensor is gone or not readable: names the path
  // and the reason), retry (this reading failed, the next may not), invalid (not a number, out of the sensor's range).
  virtual std::vector<Result<StampedReading>> read() = 0;
  // Its devices' states, as far as it knows any. Its sampler's thread asks every few seconds.
  virtual std::vector<DeviceState> states() { return {}; }
};

// What the factories may look at. `root` stands for / in every path of /sys, /proc and /dev. Where that is not
// `live`, the files are another machine's: no vendor library is loaded and no system call asked, unless an option names
// it.
struct ProbeEnvironment {
  std::filesystem::path root{"/"};
  const Clock* clock{nullptr};
  bool live{root == "/"};
};

// Opens a source from its own sub-tree of the configuration. Errors: invalid (wrong option, with its place),
// unavailable (no such hardware, no permission: the reason, and what would help).
using OpenPowerSource = Result<std::unique_ptr<PowerSource>> (*)(Options&, const ProbeEnvironment&);

// When a source is opened: by `auto`, only when it is configured, or by `auto` where nothing else measures.
enum class OpenedWhen { automatic, configured, last_resort };

struct PowerSourceKind {
  OpenPowerSource open;
  OpenedWhen opened;
};

// Every source there is, in the order in which `auto` tries them (power_sources.cpp): of two that measure the same
// domain of the same device, the first counts.
const Catalog<PowerSourceKind>& power_sources();

std::string_view to_text(Domain domain);
std::string_view to_text(Quality quality);

}  // namespace ipw::probes
