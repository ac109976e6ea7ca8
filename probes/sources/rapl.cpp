// Energy counters of Intel's and AMD's CPUs, through perf events where the kernel lets us (no wraps, cheap to read),
// else through powercap; never the same counter through both.

#include <algorithm>

#include "probes/cpu_info.hpp"
#include "probes/sources/rapl_perf.hpp"
#include "probes/sources/rapl_powercap.hpp"

namespace ipw::probes::sources {
namespace {

class Rapl final : public PowerSource {
 public:
  Rapl(std::vector<RaplZone> zones, const ProbeEnvironment& environment)
      : zones_(std::move(zones)), root_(environment.root), clock_(*environment.clock) {
    for (const auto& zone : zones_) channels_.push_back(zone.channel);
  }

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    std::vector<Result<StampedReading>> readings;
    readings.reserve(zones_.size());
    for (auto& zone : zones_) readings.push_back(read(*zone.counter));
    return readings;
  }

  std::vector<DeviceState> states() override {
    auto states = package_states(root_);
    std::erase_if(states, [this](const DeviceState& state) {
      return std::ranges::none_of(channels_, [&](const Channel& c) { return c.device.id == state.device; });
    });
    return states;
  }

 private:
  Result<StampedReading> read(RaplCounter& counter) {
    const auto before = clock_.now();
    const auto joules = counter.read();
    if (!joules) return joules.error();
    return StampedReading{before + (clock_.now() - before) / 2, *joules};
  }

  std::vector<RaplZone> zones_;
  std::vector<Channel> channels_;
  std::filesystem::path root_;
  const Clock& clock_;
};

// Powercap shows the platform's counter on machines where perf has no event for it, or one that stands still.
void add_platform(std::vector<RaplZone>& zones, std::vector<RaplZone> others) {
  for (auto& other : others) {
    const bool known =
        std::ranges::any_of(zones, [&](const RaplZone& zone) { return zone.channel.domain == Domain::platform; });
    if (other.channel.domain == Domain::platform && !known && other.counter->read()) zones.push_back(std::move(other));
  }
}

Result<std::vector<RaplZone>> find_zones(std::string_view interface, const ProbeEnvironment& environment) {
  const auto& root = environment.root;
  const auto model = cpu_model(root);
  if (interface == "perf") return perf_zones(root, model, *environment.clock);
  if (interface == "powercap") return powercap_zones(root, model);

  auto perf = environment.live
                  ? perf_zones(root, model, *environment.clock)
                  : Result<std::vector<RaplZone>>(
                        Error{Errc::unavailable, "not tried for another machine's files (`interface: perf` tries it)"});
  auto powercap = powercap_zones(root, model);
  if (perf && powercap) add_platform(*perf, std::move(*powercap));
  if (perf || powercap) return perf ? std::move(perf) : std::move(powercap);
  return Error{Errc::unavailable, "powercap: " + powercap.error().message + "; perf events: " + perf.error().message};
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_rapl(Options& options, const ProbeEnvironment& environment) {
  const auto interface = options.one_of("interface", "auto", {"auto", "perf", "powercap"});
  if (auto ok = options.finish(); !ok) return ok.error();
  auto zones = find_zones(interface, environment);
  if (!zones) return zones.error();
  return std::make_unique<Rapl>(std::move(*zones), environment);
}

}  // namespace ipw::probes::sources
