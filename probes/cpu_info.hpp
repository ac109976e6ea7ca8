#pragma once

#include <filesystem>
#include <string>

namespace ipw::probes {

// The CPU's model name as /proc/cpuinfo under `root` gives it, or "CPU" where it gives none.
std::string cpu_model(const std::filesystem::path& root);

}  // namespace ipw::probes
