#include "probes/sources/nvml_state.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ipw::probes::nvml {
namespace {

std::optional<double> hertz(int (*function)(Device, int, unsigned*), Device device) {
  unsigned megahertz = 0;
  if (call(function, device, kSmClock, &megahertz) != kOk || megahertz == 0) return std::nullopt;
  return megahertz * 1e6;
}

// The clock that the user allows, where he set one; else the fastest there is.
std::optional<double> clock_cap(const Library& library, Device device) {
  const auto most = hertz(library->max_clock, device);
  const auto set = hertz(library->application_clock, device);
  return most && set ? std::min(*most, *set) : most ? most : set;
}

// nvmlClocksEventReasons. Idle (1) and clocks that the user set (2, 256) are no throttling.
std::vector<std::string> throttles(const Library& library, Device device) {
  constexpr std::pair<unsigned long long, const char*> kReasons[] = {
      {0x04, "power_cap"},  // software power cap
      {0x20 | 0x40, "thermal"},
      {0x08 | 0x80, "hardware"},  // slowdown by hardware, power brake
      {0x10, "sync_boost"},
  };
  unsigned long long bits = 0;
  std::vector<std::string> names;
  if (call(library->throttle_reasons, device, &bits) != kOk) return names;
  for (const auto& [mask, name] : kReasons)
    if ((bits & mask) != 0) names.emplace_back(name);
  return names;
}

// The profile of a slice: "1g.18gb" of "NVIDIA H200 MIG 1g.18gb".
std::string profile(const Library& library, Device slice) {
  const auto name = text(library->name, slice);
  const auto found = name.rfind("MIG ");
  return found == std::string::npos ? "" : name.substr(found + 4);
}

// "MIG 1g.18gb x2, 3g.71gb x1", or "MIG, 7 instances" where the profiles have no names; empty: not partitioned.
std::string partition(const Library& library, Device device) {
  unsigned current = 0, pending = 0, most = 0;
  if (call(library->mig_mode, device, &current, &pending) != kOk || current != 1) return "";
  call(library->mig_count, device, &most);
  std::vector<std::pair<std::string, int>> profiles;
  int instances = 0;
  bool named = true;
  for (unsigned i = 0; i < std::min(most, 64U); ++i) {
    Device slice = nullptr;
    if (call(library->mig_by_index, device, i, &slice) != kOk) continue;
    ++instances;
    const auto name = profile(library, slice);
    named = named && !name.empty();
    const auto known = std::ranges::find(profiles, name, &std::pair<std::string, int>::first);
    if (known == profiles.end())
      profiles.emplace_back(name, 1);
    else
      ++known->second;
  }
  if (!named || instances == 0) return "MIG, " + std::to_string(instances) + " instances";
  std::string all = "MIG";
  for (const auto& [name, count] : profiles)
    all += (&name == &profiles.front().first ? " " : ", ") + name + " x" + std::to_string(count);
  return all;
}

}  // namespace

DeviceState state_of(const Library& library, Device device, const std::string& uuid) {
  DeviceState state;
  state.device = uuid;
  state.driver = text(library->driver_version);
  state.partition = partition(library, device);
  unsigned milliwatts = 0;
  if (call(library->enforced_limit, device, &milliwatts) == kOk && milliwatts > 0)
    state.power_cap = Watts{milliwatts * 1e-3};
  state.clock_hertz = hertz(library->clock, device);
  state.clock_cap_hertz = clock_cap(library, device);
  state.throttled_by = throttles(library, device);
  return state;
}

}  // namespace ipw::probes::nvml
