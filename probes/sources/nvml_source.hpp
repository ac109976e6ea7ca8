#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probes/power_source.hpp"

namespace ipw::probes::nvml {

// NVIDIA's GPUs, through the driver's own library, of which `libraries` names the candidates. A channel "gpuN" for
// every physical board that the driver shows as its N-th: joules where its energy counter works, with the power beside
// them, else watts. Where the board tells the power of the module that carries it as well, or nothing else, "moduleN".
//
// A board that is lost gives errors while the others are read on; every two seconds its handle is asked for anew. When
// all are lost the library is closed, so that the driver can be reloaded, and opened again.
//
// `wall` is the clock by which the driver stamps. Errors: unavailable (no library, driver or GPU, or none that tells).
Result<std::unique_ptr<PowerSource>> open_source(std::vector<std::string> libraries, const Clock& clock,
                                                 std::function<WallTime()> wall);

}  // namespace ipw::probes::nvml
