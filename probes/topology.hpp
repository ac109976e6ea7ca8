#pragma once

#include <optional>
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

// Works out what contains what (wall > platform > package, dram, soc, gpu; package > core, uncore), so that nothing is
// ever added to a part of itself, and nothing twice: where two sources measure the same domain of the same device, the
// first opened counts. Pure and immutable.
class Topology {
 public:
  explicit Topology(std::span<const RigChannel> channels);

  std::span<const RigChannel> channels() const { return channels_; }
  // The channel that directly contains `id`, across sources; nothing at the top, or where several might.
  std::optional<ChannelId> container(ChannelId id) const;

  // The meters of one target: one per accelerator device, at most one for node and one for wall, whose device is
  // "host". An empty list or `auto` takes for the accelerator the GPU or SoC, if there is exactly one, or else every
  // CPU package; for node the platform channel, or else packages + dram + GPUs (without a package there is no node:
  // GPUs alone are not a machine); for wall the one wall meter. A scope for which nothing exists has no meter. Errors:
  // invalid, when a named channel does not exist, cannot stand for the scope, contains another or measures the same as
  // another, or when several could be meant: the message lists them.
  Result<std::vector<Meter>> meters(const PowerChoice& choice) const;

 private:
  using Picks = std::vector<const RigChannel*>;

  const RigChannel& channel(ChannelId id) const { return channels_[static_cast<std::size_t>(id)]; }
  bool contains(ChannelId whole, ChannelId part) const;
  Picks of_domain(Domain domain) const;
  Result<Picks> accelerators() const;
  Picks node() const;
  Result<Picks> wall() const;
  Result<const RigChannel*> find(const std::string& name) const;
  Result<Picks> named(Scope scope, const std::vector<std::string>& names) const;
  Result<void> check_disjoint(const Picks& picks) const;
  Meter host_meter(Scope scope, const Picks& picks) const;

  std::vector<RigChannel> channels_;  // by ChannelId
};

}  // namespace ipw::probes
