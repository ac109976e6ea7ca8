// A machine that runs on its batteries: <root>/sys/class/power_supply/*, of type Battery and not of a device such as a
// mouse. A battery measures what flows through it, which is what the machine draws only while it discharges. Laptops
// with two discharge one at a time: the other then measures 0, and they add up.
// Source: Documentation/ABI/testing/sysfs-class-power of the kernel (µW, µA, µV; the sign differs between drivers).

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "probes/cpu_info.hpp"
#include "probes/device_names.hpp"
#include "probes/sources/hwmon_chip.hpp"
#include "probes/sources/hwmon_sensor.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

constexpr Watts kMostOfAnyBattery{1000};
constexpr Seconds kUpdatePeriod{1};  // batteries measure every 1 to 30 s

struct Battery {
  Channel channel;
  SensorFile status;
  std::vector<SensorFile> factors;  // power, or current and voltage
  double unit;

  // What flows, whichever way.
  Result<StampedReading> flow(const Clock& clock) {
    const auto before = clock.now();
    double watts = unit;
    for (auto& factor : factors) {
      const auto number = factor.number();
      if (!number) return number.error();
      watts *= *number;
    }
    watts = std::abs(watts);
    const auto at = before + (clock.now() - before) / 2;
    if (watts <= kMostOfAnyBattery.value) return StampedReading{at, Watts{watts}};
    return Error{Errc::invalid, factors[0].path().string() + ": " + std::to_string(watts) +
                                    " W is more than a battery gives: is it another unit?"};
  }
};

std::optional<Battery> battery_at(const fs::path& folder, const Device& host) {
  if (line_of(folder / "type") != "Battery" || line_of(folder / "scope") == "Device") return std::nullopt;
  Battery battery{{}, SensorFile(folder / "status"), {}, 1e-6};
  if (is_there(folder / "power_now")) {
    battery.factors.emplace_back(folder / "power_now");
  } else if (is_there(folder / "current_now") && is_there(folder / "voltage_now")) {
    battery.factors.emplace_back(folder / "current_now");
    battery.factors.emplace_back(folder / "voltage_now");
    battery.unit = 1e-12;
  } else {
    return std::nullopt;
  }
  battery.channel.name = slug(folder.filename().string());
  battery.channel.device = host;
  battery.channel.domain = Domain::platform;
  battery.channel.max_power = kMostOfAnyBattery;
  battery.channel.read_every = kUpdatePeriod;
  return battery;
}

class Batteries final : public PowerSource {
 public:
  Batteries(std::vector<Battery> batteries, const Clock& clock) : batteries_(std::move(batteries)), clock_(clock) {
    for (const auto& battery : batteries_) channels_.push_back(battery.channel);
    statuses_.assign(batteries_.size(), std::string());
  }

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    for (std::size_t i = 0; i < batteries_.size(); ++i) {
      const auto text = batteries_[i].status.read();
      statuses_[i] = text ? Result<std::string>(std::string(trim(*text))) : text.error();
    }
    const bool on_battery = std::ranges::any_of(statuses_, [](const auto& s) { return s && *s == "Discharging"; });
    std::vector<Result<StampedReading>> readings;
    readings.reserve(batteries_.size());
    double watts = 0;
    for (std::size_t i = 0; i < batteries_.size(); ++i) {
      readings.push_back(read(i, on_battery));
      if (readings[i]) watts += std::get<Watts>(readings[i]->value).value;
    }
    if (watts == 0) refuse_zeros(readings);
    return readings;
  }

 private:
  Result<StampedReading> read(std::size_t index, bool on_battery) {
    auto& battery = batteries_[index];
    const auto& status = statuses_[index];
    if (!status) return status.error();
    const auto path = battery.status.path().string();
    if (!on_battery)
      return Error{Errc::unavailable, path + ": on mains power (`" + shortened(*status, 40) +
                                          "`): the battery measures nothing until the machine runs on it"};
    auto flow = battery.flow(clock_);
    if (!flow) return flow;
    const bool rests = std::get<Watts>(flow->value).value == 0;  // another one discharges
    if (*status == "Discharging" || rests) return flow;
    return Error{Errc::unavailable, path + ": the battery is not discharging (`" + shortened(*status, 40) +
                                        "`), so what flows through it is not what the machine draws"};
  }

  // A machine that runs draws something.
  void refuse_zeros(std::vector<Result<StampedReading>>& readings) const {
    for (std::size_t i = 0; i < readings.size(); ++i)
      if (readings[i])
        readings[i] = Error{Errc::retry, batteries_[i].status.path().string() +
                                             ": the machine runs on battery, but none has measured its power yet"};
  }

  std::vector<Battery> batteries_;
  std::vector<Result<std::string>> statuses_;
  std::vector<Channel> channels_;
  const Clock& clock_;
};

}  // namespace

// Opens on mains power as well: its readings are then unavailable, until somebody pulls the plug.
Result<std::unique_ptr<PowerSource>> open_battery(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
  const auto folder = environment.root / "sys" / "class" / "power_supply";
  const Device host{"host", device_name(cpu_model(environment.root))};
  std::vector<Battery> batteries;
  for (const auto& entry : folder_entries(folder))
    if (auto battery = battery_at(entry, host)) batteries.push_back(std::move(*battery));
  if (batteries.empty())
    return Error{Errc::unavailable, folder.string() + " has no battery of the machine's own that measures power or " +
                                        "current (power_now, or current_now and voltage_now)"};
  return std::make_unique<Batteries>(std::move(batteries), *environment.clock);
}

}  // namespace ipw::probes::sources
