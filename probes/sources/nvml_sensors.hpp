#pragma once

#include <optional>
#include <string_view>

#include "probes/sources/nvml_board.hpp"

namespace ipw::probes::nvml {

// What a board's figures are the mean of, which the driver does not tell.
struct Sensing {
  std::optional<double> looks;  // Channel::looks
  Seconds averages_over{0};     // Channel::averages_over
};
Sensing sensing_of(const Library& library, Device device, std::string_view name, const Abilities& abilities);

}  // namespace ipw::probes::nvml
