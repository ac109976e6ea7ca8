#pragma once

#include <filesystem>
#include <string>

namespace ipw::probes {

// What people call the CPU of the machine under `root` (device_names.hpp): from /proc/cpuinfo's model name, or for Arm,
// which has none, from its part number or the board's device tree; "CPU" where nothing says.
std::string cpu_model(const std::filesystem::path& root);

}  // namespace ipw::probes
