#pragma once

#include <string>

#include "probes/power_source.hpp"
#include "probes/sources/nvml_library.hpp"

namespace ipw::probes::nvml {

// What decides how fast a board works: driver, enforced power limit, clock of its multiprocessors now and at most, what
// throttles it, and its MIG slices. What the driver does not tell stays empty.
DeviceState state_of(const Library& library, Device device, const std::string& uuid);

}  // namespace ipw::probes::nvml
