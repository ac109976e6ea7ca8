#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sources/nvml_library.hpp"

namespace ipw::probes::nvml {

// The program's clock, and the wall clock by which the driver stamps its values.
struct Clocks {
  const Clock* mono;
  std::function<WallTime()> wall;
};

// Where a figure comes from: a field (which can be asked with others in one call, and bears a stamp) or its own call.
enum class From { nothing, field, call };

struct Abilities {
  From energy{From::nothing}, power{From::nothing};
  std::optional<Watts> gpu_power, module_power;  // what the two scopes said when they were asked together
};

// Asks a board for everything once. Error: unavailable, when the board is lost.
Result<Abilities> probe(const Library& library, Device device, const Clocks& clocks);

// One physical GPU: its handle, and what that was found to answer. Owned by the source; one thread at a time.
class GpuBoard {
 public:
  // What its channels tell, fixed for life.
  struct Shows {
    bool energy{false}, power{false}, module_power{false};
  };
  GpuBoard(std::string uuid, Shows shows) : uuid_(std::move(uuid)), shows_(shows) {}

  // Reads through this handle from now on. Errors: unavailable, when the board is lost, or does not tell any more what
  // its channels show.
  Result<void> attach(const Library& library, Device device, const Clocks& clocks);

  // Appends the reading of the GPU, if its channels show it, and that of the module, if they show that. One
  // nvmlDeviceGetFieldValues for all that has a field. Errors of a reading: unavailable, retry (the driver gave no
  // figure this time), invalid (a figure that cannot be). Stamps do not go back. Error of the call, with nothing
  // appended: unavailable, when nothing will ever come from this handle again.
  Result<void> read(const Library& library, const Clocks& clocks, std::vector<Result<StampedReading>>& readings);

  const std::string& uuid() const { return uuid_; }
  Device device() const { return device_; }
  std::size_t channels() const { return (shows_.energy || shows_.power ? 1U : 0U) + (shows_.module_power ? 1U : 0U); }

  struct Answer {
    int code{kFunctionNotFound};
    double value{0};  // millijoules or milliwatts
    MonoTime at{};
  };

 private:
  Result<StampedReading> counted(const Library& library, const Answer& energy, const Answer& power);
  Result<StampedReading> gauged(const Library& library, const Answer& power) const;

  std::string uuid_;
  Shows shows_;
  Abilities abilities_;
  Device device_{nullptr};
  bool has_counted_{false};         // through this handle the energy was above 0
  std::array<MonoTime, 3> last_{};  // stamp of each figure
};

}  // namespace ipw::probes::nvml
