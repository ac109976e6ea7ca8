// NVIDIA GPUs. What is read, and how: nvml_source.hpp.

#include "probes/power_source.hpp"
#include "probes/sources/nvml_source.hpp"

namespace ipw::probes::sources {

Result<std::unique_ptr<PowerSource>> open_nvml(Options& options, const ProbeEnvironment& environment) {
  const auto library = options.text("library", "");
  if (auto ok = options.finish(); !ok) return ok.error();
  if (library.empty() && !environment.live)
    return Error{Errc::unavailable, "of another machine's files no vendor library is loaded: give `library: PATH`"};
  std::vector<std::string> libraries{"libnvidia-ml.so.1", "libnvidia-ml.so", "/usr/lib/wsl/lib/libnvidia-ml.so.1"};
  if (!library.empty()) libraries = {library};
  return nvml::open_source(std::move(libraries), *environment.clock, [] { return WallTime::clock::now(); });
}

}  // namespace ipw::probes::sources
