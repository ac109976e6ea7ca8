#pragma once

#ifdef __APPLE__

#include "probes/power_source.hpp"

namespace ipw::probes::sources {

// Apple silicon's energy through the system's IOReport library, which any user may read. `model` is the chip's name.
// Errors: unavailable, with the reason.
Result<std::unique_ptr<PowerSource>> open_ioreport(const std::string& model, const Clock& clock);

}  // namespace ipw::probes::sources

#endif
