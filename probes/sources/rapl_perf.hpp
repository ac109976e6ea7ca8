#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "probes/sources/rapl_zone.hpp"

namespace ipw::probes::sources {

// The counters as perf events: <root>/sys/bus/event_source/devices/power has `type` for perf_event_open(2), `cpumask`
// with one CPU of each package (or die), and events/energy-{pkg,cores,gpu,ram,psys} with `.scale` and `.unit`. The
// kernel extends them to 64 bits: they do not wrap. Source: arch/x86/events/rapl.c of the kernel and
// Documentation/ABI/testing/sysfs-bus-event_source-devices-events.
//
// Channels are named as powercap names them. Of AMD's CPUs only the package is taken: their core counter covers one
// core, and kernels before 5.17 list events that do not exist. A part of a package whose event cannot be opened and
// read twice is left out. The platform is taken from the first package on which it counts: on the others it stays at 0,
// and on all where firmware has disabled it (waits up to a quarter of a second to see). Source: the kernel's commit
// "perf/x86/rapl: Fix psys-energy event on Intel SPR platform". Errors: unavailable, when a package's event cannot be
// opened or a file makes no sense; without permission it says what would help.
Result<std::vector<RaplZone>> perf_zones(const std::filesystem::path& root, const std::string& model,
                                         const Clock& clock);

}  // namespace ipw::probes::sources
