#include "probes/sources/nvml_sensors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ipw::probes::nvml {
namespace {

constexpr unsigned kAmpere = 7;  // nvmlDeviceArchitecture_t
// From Ampere on nvmlDeviceGetPowerUsage tells the mean of the last second, save on GA100 (nvml.h).
constexpr Seconds kMeanOfCalls{1};
constexpr std::array kGa100{std::string_view("A100"), std::string_view("A800"), std::string_view("A30")};
// The share of the time that is measured at all (Yang et al., arXiv 2312.02741).
constexpr std::array kLooks{std::pair{std::string_view("A100"), 0.25}, std::pair{std::string_view("A800"), 0.25},
                            std::pair{std::string_view("H100"), 0.25}, std::pair{std::string_view("H800"), 0.25},
                            std::pair{std::string_view("V100"), 0.5}};

// "A30" is in "NVIDIA A30" and "NVIDIA A30-24Q", not in "NVIDIA RTX A3000".
bool is_model(std::string_view name, std::string_view model) {
  const auto at = name.find(" " + std::string(model));
  if (at == std::string_view::npos) return false;
  const auto rest = name.substr(at + 1 + model.size());
  return rest.empty() || rest.front() == ' ' || rest.front() == '-';
}

}  // namespace

Sensing sensing_of(const Library& library, Device device, std::string_view name, const Abilities& abilities) {
  Sensing sensing;
  for (const auto& [model, share] : kLooks)
    if (is_model(name, model)) sensing.looks = share;
  unsigned architecture = 0;
  const bool known = call(library->architecture, device, &architecture) == kOk;
  const bool ga100 = std::ranges::any_of(kGa100, [&](auto model) { return is_model(name, model); });
  if (abilities.power == From::call && known && architecture >= kAmpere && !ga100) sensing.averages_over = kMeanOfCalls;
  return sensing;
}

}  // namespace ipw::probes::nvml
