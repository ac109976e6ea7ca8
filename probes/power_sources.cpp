#include <array>

#include "probes/power_source.hpp"

// Every power source, in the order in which `auto` tries them. To add one: a file in sources/, a row here, a test.
#define IPW_POWER_SOURCES(X)                                           \
  X(rapl, "CPU packages, cores, memory and platform through powercap") \
  X(simulated, "power that is known exactly, for demos and tests")     \
  X(estimated, "CPU time times a power model, where nothing measures")

namespace ipw::probes {

namespace sources {
#define X(name, summary) Result<std::unique_ptr<PowerSource>> open_##name(Options&, const ProbeEnvironment&);
IPW_POWER_SOURCES(X)
#undef X
}  // namespace sources

const Catalog<OpenPowerSource>& power_sources() {
#define X(name, summary) CatalogEntry<OpenPowerSource>{#name, sources::open_##name, summary},
  static constexpr std::array kEntries{IPW_POWER_SOURCES(X)};
#undef X
  static const Catalog<OpenPowerSource> kCatalog("power source", kEntries);
  return kCatalog;
}

std::string_view to_text(Domain domain) {
  constexpr std::string_view kNames[] = {"gpu",        "soc",  "cpu_package", "cpu_core",
                                         "cpu_uncore", "dram", "platform",    "wall"};
  return kNames[static_cast<std::size_t>(domain)];
}

std::string_view to_text(Quality quality) {
  constexpr std::string_view kNames[] = {"measured", "estimated", "simulated"};
  return kNames[static_cast<std::size_t>(quality)];
}

}  // namespace ipw::probes
