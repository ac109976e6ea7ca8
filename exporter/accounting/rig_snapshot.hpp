#pragma once

#include <span>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "probes/rig.hpp"

namespace ipw {

// What the rig shows now, as parts of a snapshot. Each takes short locks that samplers hold while they write down a
// result, never while they wait for hardware. Thread-safe.

std::vector<ChannelSnapshot> channels_of(const probes::Rig& rig);
std::vector<SamplerSnapshot> samplers_of(const probes::Rig& rig);

// Every device that a channel is on, in the order of the channels, with what any of its sources knows of it: of two
// that say the same thing, the first counts. `before`: the last snapshot's, whose throttle reasons are remembered.
std::vector<DeviceSnapshot> devices_of(const probes::Rig& rig, std::span<const DeviceSnapshot> before = {});

}  // namespace ipw
