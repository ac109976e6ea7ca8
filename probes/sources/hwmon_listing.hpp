#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/sources/hwmon_chip.hpp"
#include "probes/sources/hwmon_sensor.hpp"

namespace ipw::probes::sources {

// An `inN_input` and the `currN_input` that flows at that voltage.
struct VoltsAmperes {
  int volts, amperes;
  bool operator==(const VoltsAmperes&) const = default;
};

// Which voltage belongs to which current: by equal labels ("vout1" and "iout1"), then by what is known of the chip,
// then by equal number where not both have a label of their own.
std::vector<VoltsAmperes> pair_inputs(const HwmonChip& chip);

// A sensor of power that a chip shows.
struct FoundSensor {
  std::string id;     // the file that tells it, without its ending: "energy1", "power2", "in1"
  std::string label;  // what its driver calls it; may be empty
  HwmonSensor sensor;
  Seconds interval{0};                       // at which it is updated; 0: not told
  Seconds averages_over{0};                  // 0: not told, or it shows instants
  std::optional<std::filesystem::path> cap;  // µW that it is held below
};

// The sensors of a chip that are switched on, from the best kind that it has: counters of energy (with the power of the
// same number beside them, and the powers of other numbers), else powers, else voltages times currents.
std::vector<FoundSensor> find_sensors(const HwmonChip& chip);

}  // namespace ipw::probes::sources
