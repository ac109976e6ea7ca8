// Intel's discrete GPUs as the kernel's drivers i915 and xe show them: <root>/sys/class/drm/cardN/device is the PCI
// device, hwmon/hwmonM below it has counters of energy. Chip `i915`: energy1 is the board; `i915_gtK`: its K-th tile;
// `xe`: energy1 is the card, energy2 its package (client cards may have only that). The kernel widens a 32-bit counter
// of the hardware, which may start anew after a suspend. Integrated GPUs have no counter here: they are part of RAPL's.
// Sources: Documentation/ABI/testing/sysfs-driver-intel-{i915,xe}-hwmon of the kernel; drivers/gpu/drm/i915/gt/
// intel_gt_sysfs_pm.c and drivers/gpu/drm/xe/xe_gt_throttle.c for clocks and throttle reasons.

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "probes/device_names.hpp"
#include "probes/sources/hwmon_chip.hpp"
#include "probes/sources/hwmon_sensor.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

constexpr Watts kMostOfAnyGpu{3000};

std::string product_name(const std::string& pci_id) {
  static const std::map<std::string_view, std::string_view> kNames{
      {"0x0bd5", "Intel Data Center GPU Max 1550"},
      {"0x0bd6", "Intel Data Center GPU Max 1550"},
      {"0x0bd9", "Intel Data Center GPU Max 1100"},
      {"0x0bda", "Intel Data Center GPU Max 1100"},
      {"0x0bdb", "Intel Data Center GPU Max 1100"},
      {"0x0b69", "Intel Data Center GPU Max 1450"},
      {"0x4905", "Intel Iris Xe MAX"},
      {"0x5690", "Intel Arc A770M"},
      {"0x5691", "Intel Arc A730M"},
      {"0x5692", "Intel Arc A550M"},
      {"0x5693", "Intel Arc A370M"},
      {"0x5694", "Intel Arc A350M"},
      {"0x56a0", "Intel Arc A770"},
      {"0x56a1", "Intel Arc A750"},
      {"0x56a2", "Intel Arc A580"},
      {"0x56a5", "Intel Arc A380"},
      {"0x56a6", "Intel Arc A310"},
      {"0x56c0", "Intel Data Center GPU Flex 170"},
      {"0x56c1", "Intel Data Center GPU Flex 140"},
      {"0xe20b", "Intel Arc B580"},
      {"0xe20c", "Intel Arc B570"},
  };
  const auto known = kNames.find(pci_id);
  return device_name(known == kNames.end() ? "Intel GPU " + pci_id : std::string(known->second));
}

struct Gpu {
  fs::path card, device;
  std::string address;  // on the PCI bus: "0000:03:00.0"
  std::string driver;
  std::string pci_id;
  std::vector<HwmonChip> chips;
};

// The value of `<key>=` in a device's `uevent`.
std::string uevent(const fs::path& device, std::string_view key) {
  SensorFile file(device / "uevent");
  const auto text = file.read();
  if (!text) return "";
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
      return std::string(line.substr(key.size() + 1));
  }
  return "";
}

// "0000:03:00.0", as PCI says it; lower case.
std::string pci_address(const fs::path& device) {
  auto address = uevent(device, "PCI_SLOT_NAME");
  std::ranges::transform(address, address.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!address.empty()) return address;
  std::error_code unknown;
  return fs::canonical(device, unknown).filename().string();
}

bool is_card(const std::string& name) {
  return name.starts_with("card") && name.size() > 4 &&
         name.find_first_not_of("0123456789", 4) == std::string::npos;  // not its outputs: card0-DP-1
}

// By PCI address, as the N of cardN and of hwmonN change from boot to boot.
std::vector<Gpu> find_gpus(const fs::path& drm) {
  std::vector<Gpu> gpus;
  for (const auto& card : folder_entries(drm)) {
    const auto device = card / "device";
    if (!is_card(card.filename().string()) || line_of(device / "vendor") != "0x8086") continue;
    gpus.push_back({card, device, pci_address(device), uevent(device, "DRIVER"), line_of(device / "device"),
                    find_hwmon_chips(device / "hwmon")});
  }
  std::ranges::sort(gpus, {}, &Gpu::address);
  return gpus;
}

enum class Part { board, package, tile };

struct Counter {
  Part part;
  std::string tile;
  HwmonSensor sensor;
};

void add_counters(const Gpu& gpu, Part part, std::vector<Counter>& counters) {
  constexpr std::string_view kTile = "i915_gt";
  for (const auto& chip : gpu.chips) {
    const bool tile = chip.name.starts_with(kTile);
    const bool has_part = part == Part::tile    ? tile
                          : part == Part::board ? chip.name == "i915" || chip.name == "xe"
                                                : chip.name == "xe";
    const char* file = part == Part::package ? "energy2_input" : "energy1_input";
    if (!has_part || !chip.has(file)) continue;
    counters.push_back({part, tile ? chip.name.substr(kTile.size()) : "", HwmonSensor::energy(chip.folder / file)});
  }
}

// The widest counter stands for the GPU and the others are part of it; tiles without a board's counter add up.
std::vector<HwmonChannel> channels_of(const Gpu& gpu, const std::string& name) {
  std::vector<HwmonChannel> metered;
  std::vector<Counter> counters;
  for (const auto part : {Part::board, Part::package, Part::tile}) add_counters(gpu, part, counters);
  if (counters.empty()) return metered;
  const auto widest = counters[0].part;
  for (auto& [part, tile, sensor] : counters) {
    Channel channel;
    channel.name = name;
    channel.device = {"pci-" + gpu.address, product_name(gpu.pci_id)};
    channel.max_power = kMostOfAnyGpu;
    if (part == Part::tile) channel.name += "-tile" + tile;
    channel.domain = part == widest ? Domain::gpu : Domain::other;
    if (part != widest) {
      channel.parent = name;
      if (part == Part::package) channel.name += "-package";
    }
    metered.push_back({std::move(channel), std::move(sensor)});
  }
  return metered;
}

std::string to_reason(std::string_view kernels) {
  if (kernels.starts_with("pl")) return "power_cap";
  if (kernels.find("therm") != std::string_view::npos || kernels == "ratl") return "thermal";
  return "hardware";  // prochot, vr_tdc, psys and other limits of the board
}

void add_reasons(const fs::path& folder, std::string_view prefix, std::set<std::string>& reasons) {
  for (const auto& file : folder_entries(folder)) {
    const auto name = file.filename().string();
    if (!name.starts_with(prefix) || name.ends_with("status")) continue;
    if (number_in(file).value_or(0) > 0) reasons.insert(to_reason(std::string_view(name).substr(prefix.size())));
  }
}

std::vector<std::string> throttle_reasons(const Gpu& gpu) {
  std::set<std::string> reasons;
  for (const auto& gt : folder_entries(gpu.card / "gt")) add_reasons(gt, "throttle_reason_", reasons);
  for (const auto& tile : folder_entries(gpu.device)) {
    if (!tile.filename().string().starts_with("tile")) continue;
    for (const auto& gt : folder_entries(tile)) add_reasons(gt / "freq0" / "throttle", "reason_", reasons);
  }
  return {reasons.begin(), reasons.end()};
}

// The clock now and the most it may be, in Hz. A parked GPU shows 0, which says nothing of how fast it works.
void look_at_clock(const Gpu& gpu, DeviceState& state) {
  const std::array<std::pair<fs::path, fs::path>, 3> places{{
      {gpu.card / "gt_act_freq_mhz", gpu.card / "gt_max_freq_mhz"},
      {gpu.card / "gt" / "gt0" / "rps_act_freq_mhz", gpu.card / "gt" / "gt0" / "rps_max_freq_mhz"},
      {gpu.device / "tile0" / "gt0" / "freq0" / "act_freq", gpu.device / "tile0" / "gt0" / "freq0" / "max_freq"},
  }};
  for (const auto& [now, most] : places) {
    const auto megahertz = number_in(now), cap = number_in(most);
    if (!megahertz && !cap) continue;
    if (megahertz && *megahertz > 0) state.clock_hertz = *megahertz * 1e6;
    if (cap && *cap > 0) state.clock_cap_hertz = *cap * 1e6;
    return;
  }
}

std::optional<Watts> power_cap(const Gpu& gpu) {
  for (const char* file : {"power1_max", "power2_max"})
    for (const auto& chip : gpu.chips)
      if (const auto microwatts = number_in(chip.folder / file); microwatts && *microwatts > 0)
        return Watts{*microwatts * 1e-6};
  return std::nullopt;
}

class IntelGpu final : public HwmonSource {
 public:
  IntelGpu(std::vector<HwmonChannel> metered, std::vector<Gpu> gpus, const ProbeEnvironment& environment)
      : HwmonSource(std::move(metered), *environment.clock),
        gpus_(std::move(gpus)),
        kernel_(line_of(environment.root / "proc" / "sys" / "kernel" / "osrelease")) {}

  std::vector<DeviceState> states() override {
    std::vector<DeviceState> states;
    for (const auto& gpu : gpus_) {
      DeviceState state;
      state.device = "pci-" + gpu.address;
      state.driver = gpu.driver + (gpu.driver.empty() || kernel_.empty() ? "" : " ") + kernel_;
      state.power_cap = power_cap(gpu);
      look_at_clock(gpu, state);
      state.throttled_by = throttle_reasons(gpu);
      states.push_back(std::move(state));
    }
    return states;
  }

 private:
  std::vector<Gpu> gpus_;
  std::string kernel_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_intel_gpu(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
  const auto drm = environment.root / "sys" / "class" / "drm";
  auto gpus = find_gpus(drm);
  if (gpus.empty())
    return Error{Errc::unavailable, drm.string() + ": no GPU by Intel (no card*/device/vendor is 0x8086)"};

  std::vector<HwmonChannel> metered;
  std::vector<Gpu> counted;
  for (auto& gpu : gpus) {
    auto channels = channels_of(gpu, "gpu" + std::to_string(counted.size()));
    if (channels.empty()) continue;
    std::ranges::move(channels, std::back_inserter(metered));
    counted.push_back(std::move(gpu));
  }
  if (metered.empty())
    return Error{Errc::unavailable, (gpus[0].device / "hwmon").string() +
                                        " has no counter of energy: an integrated GPU is part of the CPU package (see "
                                        "rapl), and a discrete one needs the driver i915 of Linux 6.2 or xe of 6.7"};
  return if_it_reads(std::make_unique<IntelGpu>(std::move(metered), std::move(counted), environment));
}

}  // namespace ipw::probes::sources
