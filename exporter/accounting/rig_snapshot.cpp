#include "exporter/accounting/rig_snapshot.hpp"

#include <algorithm>

namespace ipw {
namespace {

// What `state` says and `device` does not know yet.
void complete(DeviceSnapshot& device, const probes::DeviceState& state) {
  auto& now = device.now;
  if (now.driver.empty()) now.driver = state.driver;
  if (now.partition.empty()) now.partition = state.partition;
  if (!now.power_cap) now.power_cap = state.power_cap;
  if (!now.clock_hertz) now.clock_hertz = state.clock_hertz;
  if (!now.clock_cap_hertz) now.clock_cap_hertz = state.clock_cap_hertz;
  if (now.throttled_by.empty()) now.throttled_by = state.throttled_by;
}

}  // namespace

std::vector<ChannelSnapshot> channels_of(const probes::Rig& rig) {
  std::vector<ChannelSnapshot> all;
  const auto status = rig.status();
  for (std::size_t i = 0; i < status.size(); ++i) {
    const auto& [id, source, channel] = rig.topology().channels()[i];
    const auto& now = status[i];
    all.push_back({.source = source,
                   .channel = channel.name,
                   .device = channel.device.id,
                   .quality = channel.quality,
                   .up = now.up,
                   .reason = now.reason,
                   .energy = now.cumulative,
                   .power = now.power,
                   .update_period = now.update_period,
                   .crosscheck = now.crosscheck,
                   .events = now.events,
                   .read_errors = now.read_errors});
  }
  return all;
}

std::vector<SamplerSnapshot> samplers_of(const probes::Rig& rig) {
  std::vector<SamplerSnapshot> all;
  const auto status = rig.samplers();
  // A sampler's channels stand together, and samplers in the order of their channels.
  std::size_t channel = 0;
  for (const auto& now : status) {
    all.push_back(
        {rig.topology().channels()[channel].source, now.reads, now.missed_ticks, now.read_time, now.cpu_time});
    channel += now.channels.size();
  }
  return all;
}

std::vector<DeviceSnapshot> devices_of(const probes::Rig& rig, std::span<const DeviceSnapshot> before) {
  std::vector<DeviceSnapshot> all;
  const auto of = [](auto& devices, const std::string& id) {
    return std::ranges::find(devices, id, [](const DeviceSnapshot& d) { return d.now.device; });
  };
  for (const auto& [id, source, channel] : rig.topology().channels()) {
    if (of(all, channel.device.id) != all.end()) continue;
    auto& device = all.emplace_back();
    device.now.device = channel.device.id;
    device.name = channel.device.name;
  }
  for (const auto& state : rig.devices())
    if (const auto device = of(all, state.device); device != all.end()) complete(*device, state);
  for (auto& device : all) {
    if (const auto last = of(before, device.now.device); last != before.end())
      device.throttle_reasons = last->throttle_reasons;
    device.throttle_reasons.insert(device.now.throttled_by.begin(), device.now.throttled_by.end());
  }
  return all;
}

}  // namespace ipw
