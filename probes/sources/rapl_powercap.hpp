#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "probes/sources/rapl_zone.hpp"

namespace ipw::probes::sources {

// The counters as Linux' powercap framework shows them: <root>/sys/class/powercap/intel-rapl:N for a package or the
// platform (psys), intel-rapl:N:M for a part of it, of AMD's CPUs too. Each zone is a folder with `name`, `energy_uj`,
// `max_energy_range_uj` and, of some, `constraint_*_max_power_uw`. Counters wrap, and since Linux 5.10 only root may
// read them. Source: Documentation/power/powercap/powercap.rst and Documentation/ABI/testing/sysfs-class-powercap of
// the kernel.
//
// Every zone once: intel-rapl-mmio shows the same a second time. Errors: unavailable, when there is none or none can be
// read.
Result<std::vector<RaplZone>> powercap_zones(const std::filesystem::path& root, const std::string& model);

// What each package may draw for long (the long_term constraint that is enforced), as far as powercap shows it. Anybody
// may read that, by whichever interface the counters are read.
std::vector<DeviceState> package_states(const std::filesystem::path& root);

}  // namespace ipw::probes::sources
