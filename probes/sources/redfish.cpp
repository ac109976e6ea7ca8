// A machine's power as its BMC measures it, over HTTPS. What stands for the machine is found once, when the source is
// opened: a chassis' EnvironmentMetrics (DMTF DSP0268), else the power that its supplies take in, else the PowerControl
// of the older Power resource.
// Source: DMTF DSP0266 (sessions, authentication), DSP0268 (schemas Chassis, EnvironmentMetrics, PowerSupplyMetrics,
// Power).

#include "probes/cpu_info.hpp"
#include "probes/device_names.hpp"
#include "probes/power_source.hpp"
#include "probes/sources/redfish_chassis.hpp"

namespace ipw::probes::sources {
namespace {

constexpr Watts kMostOfMachine{100e3};
constexpr Joules kMostCounted{1e15};

class Redfish final : public PowerSource {
 public:
  Redfish(std::unique_ptr<RedfishService> service, RedfishChassis chassis, Device device, const Clock& clock)
      : service_(std::move(service)), chassis_(std::move(chassis)), clock_(clock) {
    channel_.name = "host";
    channel_.device = std::move(device);
    channel_.domain = Domain::platform;
    channel_.max_power = kMostOfMachine;
    channel_.read_every = Seconds{5};
  }

  std::span<const Channel> channels() const override { return {&channel_, 1}; }
  std::vector<Result<StampedReading>> read() override { return {read_one()}; }

 private:
  Result<StampedReading> read_one() {
    const auto before = clock_.now();
    Watts power;
    std::optional<Joules> energy;
    for (const auto& resource : chassis_.power) {
      const auto answer = service_->get(resource.path);
      if (!answer) return answer.error();
      for (const auto& pointer : resource.pointers) {
        const auto watts = answer->number(pointer, {0, kMostOfMachine.value});
        if (!watts) return watts.error();
        power += Watts{*watts};
      }
      if (chassis_.energy.empty() || energy) continue;
      const auto joules = answer->number(chassis_.energy, {0, kMostCounted.value});
      if (!joules) return joules.error();
      energy = Joules{*joules};
    }
    const auto at = before + (clock_.now() - before) / 2;
    if (energy) return StampedReading{at, *energy, StampedWatts{at, power}};
    return StampedReading{at, power};
  }

  std::unique_ptr<RedfishService> service_;
  RedfishChassis chassis_;
  Channel channel_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_redfish(Options& options, const ProbeEnvironment& environment) {
  auto endpoint = HttpEndpoint::open(options);
  const auto wanted = options.text("chassis", ""), device = options.text("device", "host");
  if (device.empty()) options.fail("device", "`device` must not be empty");
  const auto place = options.place("chassis");
  if (auto ok = options.finish(); !ok) return ok.error();
  if (!endpoint) return endpoint.error();

  auto service = std::make_unique<RedfishService>(std::move(*endpoint));
  const auto found = find_redfish_chassis(*service);
  if (!found) return found.error();
  auto chassis = choose_redfish_chassis(*found, wanted, place);
  if (!chassis) return chassis.error();
  const auto other = device == "host" ? cpu_model(environment.root) : device;
  const auto name = chassis->model.empty() ? other : device_name(chassis->model);
  auto source =
      std::make_unique<Redfish>(std::move(service), std::move(*chassis), Device{device, name}, *environment.clock);
  const auto first = source->read();
  if (!first.front()) return Error{Errc::unavailable, first.front().error().message};
  return source;
}

}  // namespace ipw::probes::sources
