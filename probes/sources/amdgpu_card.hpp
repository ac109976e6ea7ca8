#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"

namespace ipw::probes::sources::amdgpu {

// What is known of a kind of board by its PCI device id.
struct Model {
  std::uint32_t device{0};
  const char* name{nullptr};
  // How wide its firmware's energy counter is; 0 where there is none whose unit AMD states. (Radeons count into 32 bits
  // in a unit of their own, or stopped counting: the kernel's smu_v13_0_7_ppt.c.)
  int energy_bits{0};
  bool has_two_dies{false};  // each is a PCI device; the first shows the power of both, the second none
  bool is_apu{false};        // its power contains a CPU's
};

// Nothing but the id where it is not in the table.
Model model_of(std::uint32_t device);

// Of a board that only its name is known of.
Model model_of(const std::string& name);

// Where a counter of that width returns to 0; nothing where that is never.
std::optional<Joules> wraps_at(int energy_bits);

// An AMD GPU as the kernel shows it in <root>/sys/class/drm/cardN/device. The slices of a partitioned board are no
// cards of their own here: they are platform devices, without a vendor.
struct Card {
  std::string pci;               // "0000:03:00.0"
  std::filesystem::path device;  // the folder
  std::filesystem::path hwmon;   // the folder of its sensors; empty: it has none
  Model model;
};

// In the order of their PCI addresses, each once.
std::vector<Card> find_cards(const std::filesystem::path& root);

// The board's own name if it has one, else libdrm's or our table's, for an APU the CPU's; never empty.
std::string card_name(const Card& card, const std::filesystem::path& root, bool is_apu);

// The address's domain, bus and device: what the slices and functions of one board share.
std::string board_of(const std::string& pci);

// The file's first line, trimmed; empty where it cannot be read.
std::string first_line(const std::filesystem::path& path);

}  // namespace ipw::probes::sources::amdgpu
