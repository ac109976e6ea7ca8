#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/timeline.hpp"

namespace ipw::probes {

// A channel with its place in the rig. `source` is unique: "rapl", or "shelly-2" for the second of its kind.
struct RigChannel {
  ChannelId id;
  std::string source;
  Channel channel;
};

// Whether the channel reads nothing for hours on end: a battery does while the machine hangs on the mains.
bool reads_at_times(const RigChannel& channel);

// Which channels of a rig contain which, and which measure the same, across sources:
//
//   wall > platform > { module > { gpu, cpu_package }, soc > cpu_package, cpu_package > { core, uncore }, dram, other }
//
// A source's own word (Channel::parent) comes first. Else a channel lies in the smallest thing of the tree that is
// there, of its own device if there is such a one: every CPU package of a machine that has SoCs or modules is taken to
// lie in one of them, and every GPU in a module. A discrete GPU lies in no SoC.
//
// Two sources that measure the same domain of the same device measure the same; so do two that measure the platform or
// modules, of which a machine has one set only. The first opened counts, and a battery only where nothing else measures
// the platform. What is said of all CPU packages at once (device "host") counts only where no single one is measured.
// Wall meters are never the same (a machine may have two power supplies), nor are channels on `other`. Pure and
// immutable.
class Containment {
 public:
  explicit Containment(std::span<const RigChannel> channels);

  std::span<const RigChannel> channels() const { return channels_; }
  // The channels whose sum directly contains `id`: one; none at the top; several where it is spread over them or may
  // lie in any of them (the dies of a package, two batteries, four modules).
  std::span<const ChannelId> containers(ChannelId id) const { return places_[index(id)].inside; }
  // Whether all or some of `part` may be in `whole`, directly or not.
  bool contains(ChannelId whole, ChannelId part) const;
  // The channel of another source that counts in place of this one.
  std::optional<ChannelId> duplicate_of(ChannelId id) const { return places_[index(id)].same_as; }
  bool measure_the_same(ChannelId a, ChannelId b) const;
  // Those on a domain that count: neither duplicates nor parts of a channel on the same domain (a GPU's chip beside its
  // card). In the order of the rig.
  std::vector<ChannelId> counting(Domain domain) const;

 private:
  struct Place {
    std::vector<ChannelId> inside;
    std::optional<ChannelId> same_as;
    bool nested{false};    // in a channel of its own source and domain
    std::string quantity;  // what is measured: channels of several sources with the same one are duplicates
  };

  static std::size_t index(ChannelId id) { return static_cast<std::size_t>(id); }
  const RigChannel& channel(ChannelId id) const { return channels_[index(id)]; }
  std::optional<ChannelId> parent(const RigChannel& part) const;
  std::optional<ChannelId> find_duplicate(const RigChannel& channel) const;
  bool is_nested(const RigChannel& part) const;
  std::vector<ChannelId> find_containers(const RigChannel& part) const;
  void break_circles();

  std::vector<RigChannel> channels_;  // by ChannelId
  std::vector<Place> places_;         // by ChannelId
};

}  // namespace ipw::probes
