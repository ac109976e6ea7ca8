#include "exporter/regression/device_facts.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace ipw {

Facts facts_of(std::span<const DeviceSnapshot> devices, const std::set<std::string>& ids) {
  std::map<std::string, std::set<std::string>> values;
  const auto note = [&](const char* name, const std::string& value) {
    if (!value.empty()) values[name].insert(value);
  };
  for (const auto& device : devices) {
    if (!ids.contains(device.now.device)) continue;
    note("driver", device.now.driver);
    note("partition", device.now.partition);
    if (const auto cap = device.now.power_cap)
      note("power_cap_watts", std::to_string(static_cast<long>(std::lround(cap->value))));
  }
  Facts facts;
  for (const auto& [name, all] : values)
    for (const auto& value : all) facts[name] += (facts[name].empty() ? "" : " + ") + value;
  return facts;
}

std::optional<Facts> SteadyFacts::see(Facts facts, MonoTime now) {
  if (facts == counted_) {
    seen_ = counted_;
    return std::nullopt;
  }
  if (facts != seen_) {
    seen_ = std::move(facts);
    since_ = now;
  }
  if (!counted_.empty() && now - since_ < kSteady) return std::nullopt;
  counted_ = seen_;
  return counted_;
}

}  // namespace ipw
