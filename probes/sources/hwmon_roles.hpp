#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sources/hwmon_chip.hpp"

namespace ipw::probes::sources {

// What the sensors of some chips are known to measure: ACPI power meters (those of NVIDIA's Grace tell which part of
// which socket), and AMD's drivers for CPU sockets. Of any other chip only the board's maker knows.
// Sources: Documentation/hwmon/{acpi_power_meter,amd_energy,fam15h_power}.rst and Documentation/arch/x86/amd_hsmp.rst
// of the kernel; NVIDIA Grace Platform Support Software documentation for the meters of Grace.
class HwmonRoles {
 public:
  // REQUIRES: `chips` outlives this.
  HwmonRoles(const std::filesystem::path& root, std::span<const HwmonChip> chips);

  // The channel for `label` of `chip`, without its plausible power; nothing when its part is not known.
  std::optional<Channel> role(const HwmonChip& chip, const std::string& label) const;
  // One of hundreds that say less than the socket's own.
  static bool is_detail(const HwmonChip& chip, const std::string& label);

  const Device& host() const { return host_; }

 private:
  std::optional<Channel> acpi_meter(const HwmonChip& chip) const;
  std::optional<Channel> grace_meter(const HwmonChip& chip) const;
  Channel package(int socket) const;
  // Which of the chips of the same name it is.
  int rank(const HwmonChip& chip) const;

  std::filesystem::path root_;
  std::span<const HwmonChip> chips_;
  Device host_;
};

// More than a part of this kind draws, on any machine: readings above it are in another unit, or garbage.
Watts most_of(Domain domain);

}  // namespace ipw::probes::sources
