#include <array>

#include "probes/power_source.hpp"

// Every power source, in the order in which `auto` tries them. To add one: a file in sources/, a row here, a test.
#define IPW_POWER_SOURCES(X)                                                                                 \
  X(nvml, automatic, "NVIDIA GPUs, through the driver's own library")                                        \
  X(amdgpu, automatic, "AMD GPUs and APUs, through the kernel's files, else AMD SMI or ROCm SMI")            \
  X(intel_gpu, automatic, "Intel GPUs, through the kernel's files of i915 and xe")                           \
  X(jetson, automatic, "NVIDIA Jetson boards, through their INA3221 sensors")                                \
  X(apple, automatic, "Apple silicon, through IOReport, else powermetrics")                                  \
  X(rapl, automatic, "CPU packages, cores, memory and platform, through perf events or powercap")            \
  X(hwmon, automatic, "any other sensor of power that the kernel shows: boards, ACPI meters, Grace sockets") \
  X(ipmi, automatic, "the whole machine, from its BMC through the kernel's IPMI device")                     \
  X(battery, automatic, "a laptop that runs on its battery")                                                 \
  X(redfish, configured, "the whole machine, from its BMC over HTTPS: {type: redfish, url: https://bmc}")    \
  X(shelly, configured, "a Shelly plug or meter: {type: shelly, url: http://plug}")                          \
  X(tasmota, configured, "a plug that runs Tasmota: {type: tasmota, url: http://plug}")                      \
  X(prometheus, configured, "another exporter: {type: prometheus, url: http://host:9400/metrics}")           \
  X(recorded, configured, "a recorded trace played back: {type: recorded, path: FILE}")                      \
  X(simulated, configured, "power that is known exactly: {type: simulated, watts: 300}")                     \
  X(estimated, last_resort, "CPU time times a power model, where nothing measures")

namespace ipw::probes {

namespace sources {
#define X(name, opened, summary) Result<std::unique_ptr<PowerSource>> open_##name(Options&, const ProbeEnvironment&);
IPW_POWER_SOURCES(X)
#undef X
}  // namespace sources

const Catalog<PowerSourceKind>& power_sources() {
#define X(name, when, summary) \
  CatalogEntry<PowerSourceKind>{#name, {.open = sources::open_##name, .opened = OpenedWhen::when}, summary},
  static constexpr std::array kEntries{IPW_POWER_SOURCES(X)};
#undef X
  static const Catalog<PowerSourceKind> kCatalog("power source", kEntries);
  return kCatalog;
}

std::string_view to_text(Domain domain) {
  constexpr std::string_view kNames[] = {"gpu",        "soc",  "module",   "cpu_package", "cpu_core",
                                         "cpu_uncore", "dram", "platform", "wall",        "other"};
  return kNames[static_cast<std::size_t>(domain)];
}

std::string_view to_text(Quality quality) {
  constexpr std::string_view kNames[] = {"measured", "estimated", "simulated"};
  return kNames[static_cast<std::size_t>(quality)];
}

}  // namespace ipw::probes
