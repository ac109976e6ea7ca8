#pragma once

#include <memory>

#include "probes/sources/amdgpu_board.hpp"
#include "probes/sources/amdgpu_card.hpp"

namespace ipw::probes::sources::amdgpu {

// Finds out what the kernel shows of the card's power and keeps to the best of it, in this order: the table's energy
// counter (with the power beside it), hwmon's power1_average, its power1_input, the table's power. A suspended card is
// not woken for this. Errors: unavailable, with what each of them said. REQUIRES: clock outlives the board.
Result<std::unique_ptr<Board>> open_sysfs_board(const Card& card, const ProbeEnvironment& environment);

// What drives all cards: the module's version, or the kernel's where the module is its own; empty: not told.
std::string driver_version(const std::filesystem::path& root);

}  // namespace ipw::probes::sources::amdgpu
