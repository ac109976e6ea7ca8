// Apple silicon's energy counters: IOReport's, which any user may read, else those of powermetrics, which needs root.
// What the system tells is understood in apple_soc and apple_powermetrics, which are the same on every system.

#include "probes/power_source.hpp"
#include "probes/sources/apple_ioreport.hpp"
#include "probes/sources/apple_powermetrics_run.hpp"

#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

namespace ipw::probes::sources {

#ifdef __APPLE__
namespace {

std::string chip_name() {
  char text[128] = {};
  std::size_t size = sizeof text - 1;
  if (::sysctlbyname("machdep.cpu.brand_string", text, &size, nullptr, 0) != 0) return {};
  return text;
}

Result<std::unique_ptr<PowerSource>> open_here(const Clock& clock) {
  const auto model = chip_name();
  auto ioreport = open_ioreport(model, clock);
  if (ioreport) return ioreport;
  auto powermetrics = open_powermetrics(model, clock);
  if (powermetrics) return powermetrics;
  return Error{Errc::unavailable, ioreport.error().message + "; " + powermetrics.error().message};
}

}  // namespace
#else
namespace {

Result<std::unique_ptr<PowerSource>> open_here(const Clock&) {
  return Error{Errc::unavailable, "only on macOS: Apple silicon tells its energy to no other system"};
}

}  // namespace
#endif

Result<std::unique_ptr<PowerSource>> open_apple(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
#ifdef __APPLE__
  if (!environment.live)
    return Error{Errc::unavailable, "only on the running machine: macOS has no files to look at elsewhere"};
#endif
  return open_here(*environment.clock);
}

}  // namespace ipw::probes::sources
