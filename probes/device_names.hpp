#pragma once

#include <string>
#include <string_view>

namespace ipw::probes {

// What people call a device, from what its driver or firmware calls it: "NVIDIA H200", "AMD MI300X", "Apple M4 Max",
// "Intel Xeon Platinum 8480+", "AMD EPYC 9654". Trade marks, core counts, clock rates and words like "Processor" go;
// the memory size and form factor stay where they tell products apart ("NVIDIA A100 80GB"). A name that is not known
// stays as it is, less its marks and double spaces. The result is one short line of valid UTF-8; of nothing, "unknown".
std::string device_name(std::string_view raw);

}  // namespace ipw::probes
