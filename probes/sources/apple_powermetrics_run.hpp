#pragma once

#ifdef __APPLE__

#include "probes/power_source.hpp"

namespace ipw::probes::sources {

// Apple silicon's energy from the system's program powermetrics, which runs for as long as the source lives and reports
// once a second. It needs root. `model` is the chip's name. Errors: unavailable, with the reason.
Result<std::unique_ptr<PowerSource>> open_powermetrics(const std::string& model, const Clock& clock);

}  // namespace ipw::probes::sources

#endif
