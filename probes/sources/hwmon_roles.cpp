#include "probes/sources/hwmon_roles.hpp"

#include <algorithm>
#include <charconv>

#include "probes/cpu_info.hpp"
#include "probes/device_names.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

// Attributes of an ACPI meter stand on its ACPI device, whatever the driver's age.
std::string attribute(const HwmonChip& chip, const char* name) {
  const auto own = line_of(chip.folder / name);
  return own.empty() ? line_of(chip.node / "device" / name) : own;
}

struct GraceMeter {
  std::string part;
  int socket;
};

// "Module Power Socket 0", as firmware's `power1_oem_info` says.
std::optional<GraceMeter> parse_grace(const std::string& oem_info) {
  constexpr std::string_view kMiddle = " Power Socket ";
  const auto at = oem_info.find(kMiddle);
  if (at == std::string::npos) return std::nullopt;
  GraceMeter meter{oem_info.substr(0, at), 0};
  const char* end = oem_info.data() + oem_info.size();
  const auto [rest, error] = std::from_chars(oem_info.data() + at + kMiddle.size(), end, meter.socket);
  if (error != std::errc{} || rest != end || meter.socket < 0) return std::nullopt;
  return meter;
}

// The K of "Esocket<K>", which amd_energy calls its counter of a whole socket.
std::optional<int> amd_energy_socket(std::string_view label) {
  constexpr std::string_view kPrefix = "Esocket";
  if (!label.starts_with(kPrefix)) return std::nullopt;
  label.remove_prefix(kPrefix.size());
  int socket = 0;
  const auto [rest, error] = std::from_chars(label.data(), label.data() + label.size(), socket);
  if (error != std::errc{} || rest != label.data() + label.size() || socket < 0) return std::nullopt;
  return socket;
}

// What a board with a Grace socket and GPUs is called, from the GPU on its PCI bus.
std::string module_name(const fs::path& root) {
  for (const auto& device : folder_entries(root / "sys" / "bus" / "pci" / "devices")) {
    if (line_of(device / "vendor") != "0x10de") continue;
    const auto id = line_of(device / "device");
    if (id == "0x2342" || id == "0x2345" || id == "0x2348") return "NVIDIA GH200";
    if (id == "0x2941") return "NVIDIA GB200";
  }
  return "NVIDIA Grace module";
}

}  // namespace

Watts most_of(Domain domain) {
  switch (domain) {
    case Domain::platform:
    case Domain::wall:
      return Watts{30e3};
    case Domain::module:
      return Watts{10e3};
    case Domain::gpu:
    case Domain::soc:
    case Domain::cpu_package:
    case Domain::cpu_core:
    case Domain::cpu_uncore:
    case Domain::dram:
      return Watts{3e3};
    case Domain::other:
      break;
  }
  return Watts{10e3};
}

HwmonRoles::HwmonRoles(const fs::path& root, std::span<const HwmonChip> chips)
    : root_(root), chips_(chips), host_{"host", device_name(cpu_model(root))} {}

std::optional<Channel> HwmonRoles::role(const HwmonChip& chip, const std::string& label) const {
  if (chip.name == "power_meter") return acpi_meter(chip);
  if (chip.name == "amd_energy") {
    const auto socket = amd_energy_socket(label);
    return socket ? std::optional(package(*socket)) : std::nullopt;
  }
  if (chip.name == "amd_hsmp_hwmon" || chip.name == "fam15h_power") return package(rank(chip));
  return std::nullopt;
}

bool HwmonRoles::is_detail(const HwmonChip& chip, const std::string& label) {
  return chip.name == "amd_energy" && !amd_energy_socket(label);
}

std::optional<Channel> HwmonRoles::acpi_meter(const HwmonChip& chip) const {
  if (auto grace = grace_meter(chip)) return grace;
  // Several meters may each measure a part, or the same: only one alone is the machine's. One on a battery is not.
  const bool alone = std::ranges::count(chips_, chip.name, &HwmonChip::name) == 1;
  if (!alone || attribute(chip, "power1_is_battery") == "1") return std::nullopt;
  Channel channel;
  channel.name = "acpi-meter";
  channel.device = host_;
  channel.domain = Domain::platform;
  return channel;
}

std::optional<Channel> HwmonRoles::grace_meter(const HwmonChip& chip) const {
  const auto meter = parse_grace(attribute(chip, "power1_oem_info"));
  if (!meter) return std::nullopt;
  const auto number = std::to_string(meter->socket);
  auto channel = package(meter->socket);
  channel.device.name = "NVIDIA Grace";
  if (meter->part == "Module") {
    channel.name = "module" + number;
    channel.device = {channel.name, module_name(root_)};
    channel.domain = Domain::module;
  } else if (meter->part == "Grace") {
    channel.parent = "module" + number;
  } else if (meter->part == "CPU" || meter->part == "SysIO") {
    channel.domain = meter->part == "CPU" ? Domain::cpu_core : Domain::cpu_uncore;
    channel.parent = channel.name;
    channel.name += meter->part == "CPU" ? "-core" : "-uncore";
  } else {
    return std::nullopt;
  }
  return channel;
}

Channel HwmonRoles::package(int socket) const {
  Channel channel;
  channel.name = "cpu" + std::to_string(socket);
  channel.device = {channel.name, host_.name};
  channel.domain = Domain::cpu_package;
  return channel;
}

int HwmonRoles::rank(const HwmonChip& chip) const {
  return static_cast<int>(std::ranges::count_if(
      chips_, [&](const HwmonChip& other) { return other.name == chip.name && other.key < chip.key; }));
}

}  // namespace ipw::probes::sources
