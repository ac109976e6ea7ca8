#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "probes/power_source.hpp"
#include "probes/timeline.hpp"

namespace ipw::probes {

// How much of the machine is charged; each contains the one before, and nobody adds them.
enum class Scope { accelerator, node, wall };
std::string_view to_text(Scope scope);

// A channel with its place in the rig. `source` is unique: "rapl", or "shelly-2" for the second of its kind.
struct RigChannel {
  ChannelId id;
  std::string source;
  Channel channel;
};

// Which channels, added together, are one device in one scope.
struct Meter {
  Scope scope;
  Quality quality;  // the weakest of its channels'
  Device device;
  std::vector<ChannelId> channels;  // disjoint: no channel contains another
};

// What a target's configuration says under `power`: empty lists mean `auto`.
struct PowerChoice {
  std::vector<std::string> accelerator, node, wall;
};

// Works out what contains what (wall > platform > package + dram + gpu; package > core, uncore), so that nothing is
// ever added to a part of itself. Pure and immutable.
class Topology {
 public:
  explicit Topology(std::span<const RigChannel> channels);

  std::span<const RigChannel> channels() const { return channels_; }
  // The channel that directly contains `id`, across sources; nothing at the top.
  std::optional<ChannelId> container(ChannelId id) const;

  // The meters of one target: one per accelerator device, at most one for node and one for wall.
  // `auto` takes for the accelerator the GPUs or SoC if there is exactly one, else the CPU packages; for node the
  // platform channel, else packages + dram + GPUs; for wall the one wall meter.
  // Errors: invalid, when a named channel does not exist or several could be meant: the message lists them.
  Result<std::vector<Meter>> meters(const PowerChoice& choice) const;

 private:
  std::vector<RigChannel> channels_;
};

}  // namespace ipw::probes
