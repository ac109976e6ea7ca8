// NVIDIA Jetson boards: INA3221 sensors that measure three rails each, in one of two layouts below <root>/sys/bus/i2c:
// JetPack 5 and later, drivers/ina3221/1-0040/hwmon/hwmonN/{inN_label,inN_input,currN_input} (mV, mA);
// JetPack 4, drivers/ina3221x/6-0040/iio:deviceN/{rail_name_N,in_powerN_input} (mW).
// Source: the tables of "Software-based power consumption modeling" in NVIDIA's Jetson Linux Developer Guide.

#include <algorithm>
#include <array>
#include <set>

#include "probes/device_names.hpp"
#include "probes/sources/hwmon_chip.hpp"
#include "probes/sources/hwmon_sensor.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

constexpr Watts kMostOfAnyRail{500};

struct Rail {
  std::string label;
  HwmonSensor sensor;
};

// What is called so is the input of the whole module, and contains every other rail.
constexpr std::array<std::string_view, 2> kTotals{"VDD_IN", "POM_5V_IN"};

// Boards without such a rail: these together are the module (AGX Orin, AGX Xavier).
const std::vector<std::vector<std::string_view>>& sums() {
  static const std::vector<std::vector<std::string_view>> kSums{
      {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"},
      {"GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"},
  };
  return kSums;
}

bool is_rail(const std::string& label) {
  return !label.empty() && !label.starts_with("NC") && !label.ends_with("_NC");
}

void add_hwmon_rails(const fs::path& device, std::vector<Rail>& rails) {
  for (const auto& chip : find_hwmon_chips(device / "hwmon")) {
    for (const int number : {1, 2, 3}) {  // 4 to 7 are voltages over the shunts and their sum
      const auto volts = "in" + std::to_string(number), amperes = "curr" + std::to_string(number);
      const auto enable = volts + "_enable";
      if (!is_rail(chip.label("in", number)) || !chip.has(volts + "_input") || !chip.has(amperes + "_input")) continue;
      if (chip.has(enable) && number_in(chip.folder / enable).value_or(1) == 0) continue;
      auto sensor = HwmonSensor::product(chip.folder / (volts + "_input"), chip.folder / (amperes + "_input"));
      if (chip.has(enable)) sensor.while_enabled(chip.folder / enable);
      rails.push_back({chip.label("in", number), std::move(sensor)});
    }
  }
}

void add_iio_rails(const fs::path& device, std::vector<Rail>& rails) {
  for (const auto& iio : folder_entries(device)) {
    if (!iio.filename().string().starts_with("iio:device")) continue;
    for (const char* number : {"0", "1", "2"}) {
      auto label = line_of(iio / (std::string("rail_name_") + number));
      const auto power = iio / (std::string("in_power") + number + "_input");
      if (is_rail(label) && is_there(power)) rails.push_back({std::move(label), HwmonSensor::power(power, 1e-3)});
    }
  }
}

std::vector<Rail> find_rails(const fs::path& i2c) {
  std::vector<Rail> rails;
  std::set<std::string> seen;  // a sensor's address, which several folders list
  for (const auto& parent : {i2c / "drivers" / "ina3221", i2c / "drivers" / "ina3221x", i2c / "devices"}) {
    for (const auto& device : folder_entries(parent)) {
      const auto address = device.filename().string();
      if (address.find("-00") == std::string::npos || !line_of(device / "name").starts_with("ina3221")) continue;
      if (!seen.insert(address).second) continue;
      add_hwmon_rails(device, rails);
      add_iio_rails(device, rails);
    }
  }
  return rails;
}

// The rails that make up the module; none when it is not known which do.
std::vector<std::string_view> parts_of_module(const std::vector<Rail>& rails) {
  const auto has = [&](std::string_view label) { return std::ranges::find(rails, label, &Rail::label) != rails.end(); };
  for (const auto total : kTotals)
    if (has(total)) return {total};
  for (const auto& sum : sums())
    if (std::ranges::all_of(sum, has)) return sum;
  return {};
}

std::vector<HwmonChannel> to_channels(std::vector<Rail>&& rails, const Device& device) {
  const auto parts = parts_of_module(rails);
  std::vector<HwmonChannel> metered;
  std::set<std::string> names;
  for (auto& [label, sensor] : rails) {
    Channel channel;
    const auto base = slug(label);
    channel.name = base;
    for (int i = 2; !names.insert(channel.name).second; ++i) channel.name = base + "-" + std::to_string(i);
    channel.device = device;
    const bool is_part = std::ranges::find(parts, label) != parts.end() && channel.name == base;
    channel.domain = is_part ? Domain::soc : Domain::other;
    if (!is_part && parts.size() == 1) channel.parent = slug(parts[0]);
    channel.max_power = kMostOfAnyRail;
    metered.push_back({std::move(channel), std::move(sensor)});
  }
  return metered;
}

// "# R36 (release), REVISION: 4.3, ..." of /etc/nv_tegra_release as "L4T 36.4.3".
std::string board_software(const fs::path& root) {
  const auto line = line_of(root / "etc" / "nv_tegra_release");
  const auto release = line.find('R'), end = line.find(' ', release);
  constexpr std::string_view kRevision = "REVISION: ";
  const auto revision = line.find(kRevision);
  if (!line.starts_with("# R") || revision == std::string::npos || end == std::string::npos) return "";
  const auto begin = revision + kRevision.size();
  return "L4T " + line.substr(release + 1, end - release - 1) + "." + line.substr(begin, line.find(',', begin) - begin);
}

// The GPU among the devices whose clocks the kernel scales: "17000000.gpu", "17000000.ga10b".
std::optional<fs::path> gpu_clock(const fs::path& root) {
  for (const auto& device : folder_entries(root / "sys" / "class" / "devfreq"))
    for (const char* kind : {".gpu", ".gb10b", ".ga10b", ".gv11b", ".gp10b", ".gm20b"})
      if (device.filename().string().ends_with(kind)) return device;
  return std::nullopt;
}

class Jetson final : public HwmonSource {
 public:
  Jetson(std::vector<HwmonChannel> metered, const ProbeEnvironment& environment)
      : HwmonSource(std::move(metered), *environment.clock),
        driver_(board_software(environment.root)),
        gpu_(gpu_clock(environment.root)) {}

  std::vector<DeviceState> states() override {
    DeviceState state;
    state.device = channels()[0].device.id;
    state.driver = driver_;
    if (gpu_) {
      state.clock_hertz = number_in(*gpu_ / "cur_freq");
      state.clock_cap_hertz = number_in(*gpu_ / "max_freq");
    }
    return {state};
  }

 private:
  std::string driver_;
  std::optional<fs::path> gpu_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_jetson(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
  if (!is_jetson(environment.root))
    return Error{Errc::unavailable,
                 "this is no NVIDIA Jetson: " + (device_tree(environment.root) / "model").string() + " names none"};
  const auto i2c = environment.root / "sys" / "bus" / "i2c";
  auto rails = find_rails(i2c);
  if (rails.empty())
    return Error{Errc::unavailable, i2c.string() + ": no INA3221 sensor with a named rail below drivers or devices " +
                                        "(a container needs /sys of the host)"};
  auto model = line_of(device_tree(environment.root) / "model");
  const Device device{"soc0", model.empty() ? "NVIDIA Jetson" : device_name(model)};
  return if_it_reads(std::make_unique<Jetson>(to_channels(std::move(rails), device), environment));
}

}  // namespace ipw::probes::sources
