#pragma once

#include "probes/sources/amdgpu_smi.hpp"

namespace ipw::probes::sources::amdgpu {

// libamd_smi, of ABI 24, 25 or 26: they differ in the layout of amdsmi_power_info_t (68, 40 and 192 bytes). Errors:
// unavailable (cannot be initialised, or is of another ABI: the reason).
// Source of signatures, layouts and status codes: include/amd_smi/amdsmi.h of ROCm's amdsmi.
Result<std::unique_ptr<Smi>> open_amd_smi(SharedLibrary library);

}  // namespace ipw::probes::sources::amdgpu
