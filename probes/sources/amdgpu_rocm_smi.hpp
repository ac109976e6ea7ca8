#pragma once

#include "probes/sources/amdgpu_smi.hpp"

namespace ipw::probes::sources::amdgpu {

// librocm_smi64, what AMD had before libamd_smi. Its functions never changed; which of them there are did. Errors:
// unavailable (cannot be initialised: the reason).
// Source of signatures and status codes: include/rocm_smi/rocm_smi.h of ROCm's rocm_smi_lib.
Result<std::unique_ptr<Smi>> open_rocm_smi(SharedLibrary library);

}  // namespace ipw::probes::sources::amdgpu
