#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "probes/containment.hpp"

namespace ipw::probes {

// How much of the machine is charged; each contains the one before, and nobody adds them.
enum class Scope { accelerator, node, wall };
std::string_view to_text(Scope scope);

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

// Works out what is charged, so that nothing is ever added to a part of itself, and nothing twice (Containment). Pure
// and immutable.
class Topology {
 public:
  explicit Topology(std::span<const RigChannel> channels) : tree_(channels) {}

  std::span<const RigChannel> channels() const { return tree_.channels(); }
  const Containment& tree() const { return tree_; }

  // The meters of one target: one per accelerator device, at most one for node and one for wall, whose device is
  // "host". An empty list or `auto` takes
  // - for the accelerator the GPU, if there is exactly one. An SoC beside it (the graphics of the processor) is its
  //   host, as a CPU package would be. Without a GPU: the SoC, or the module, if there is exactly one; without any:
  //   every CPU package. A GPU on an SoC is part of it, while a module stands for its GPU only where nothing meters
  //   that.
  // - for the node the platform, or else the sum of all processors, memory and GPUs that are in no other of them.
  //   Without a CPU package, an SoC or a module there is no such sum: GPUs alone are not a machine. A battery, which
  //   tells nothing on the mains, is taken only where nothing else makes a node; so is psys beside a GPU, which may or
  //   may not be in it.
  // - for the wall the one wall meter.
  // A channel on `other` is taken only by name. A scope for which nothing exists has no meter. Errors: invalid, when a
  // named channel does not exist, cannot stand for the scope, contains another or measures the same as another, or when
  // several could be meant: the message lists them.
  Result<std::vector<Meter>> meters(const PowerChoice& choice) const;

 private:
  using Picks = std::vector<const RigChannel*>;

  const RigChannel& channel(ChannelId id) const { return channels()[static_cast<std::size_t>(id)]; }
  Picks of_domain(Domain domain) const;
  Picks outermost(Picks picks) const;
  Result<Picks> accelerators() const;
  Picks platform() const;
  Picks node() const;
  Result<Picks> wall() const;
  Result<const RigChannel*> find(const std::string& name) const;
  Result<Picks> named(Scope scope, const std::vector<std::string>& names) const;
  Result<void> check_disjoint(const Picks& picks) const;
  Meter host_meter(Scope scope, const Picks& picks) const;

  Containment tree_;
};

}  // namespace ipw::probes
