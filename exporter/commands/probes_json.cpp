#include <cmath>
#include <nlohmann/json.hpp>

#include "exporter/commands/probes_report.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class Quantity>
Json number(const std::optional<Quantity>& quantity) {
  return quantity ? Json(quantity->value) : Json(nullptr);
}

Json text(const std::string& value) {
  return value.empty() ? Json(nullptr) : Json(value);
}

// No sensor is finer than a microwatt; what is finer is rounding.
Json watts(std::optional<Watts> power) {
  return power ? Json(std::round(power->value * 1e6) / 1e6) : Json(nullptr);
}

std::string name_of(const probes::Topology& topology, probes::ChannelId id) {
  const auto& channel = topology.channels()[static_cast<std::size_t>(id)];
  return channel.source + "/" + channel.channel.name;
}

std::string containers_of(const probes::Topology& topology, probes::ChannelId id) {
  std::string all;
  for (const auto whole : topology.tree().containers(id)) all += (all.empty() ? "" : " + ") + name_of(topology, whole);
  return all;
}

Json channel_row(const ProbesReport& report, const probes::RigChannel& at) {
  const auto& now = report.channels[static_cast<std::size_t>(at.id)];
  const auto& channel = at.channel;
  const auto same = report.topology.tree().duplicate_of(at.id);
  return {{"channel", at.source + "/" + channel.name},
          {"device", channel.device.id},
          {"device_name", channel.device.name},
          {"domain", to_text(channel.domain)},
          {"quality", to_text(channel.quality)},
          {"contained_in", containers_of(report.topology, at.id)},
          {"duplicate_of", same ? Json(name_of(report.topology, *same)) : Json(nullptr)},
          {"up", now.up},
          {"reason", now.reason},
          {"watts", watts(now.power)},
          {"update_period_s", number(now.update_period)},
          {"crosscheck", number(now.crosscheck)},
          {"max_power_w", number(channel.max_power)},
          {"wraps_at_j", number(channel.wraps_at)}};
}

Json device_row(const DeviceSnapshot& device) {
  const auto& now = device.now;
  return {{"device", now.device},
          {"device_name", device.name},
          {"driver", text(now.driver)},
          {"partition", text(now.partition)},
          {"power_cap_w", number(now.power_cap)},
          {"clock_hz", number(now.clock_hertz)},
          {"clock_cap_hz", number(now.clock_cap_hertz)},
          {"throttled_by", now.throttled_by}};
}

Json choice(const probes::Topology& topology) {
  const auto meters = topology.meters({});
  if (!meters) return {{"refused", meters.error().message}, {"meters", Json::array()}};
  Json rows = Json::array();
  for (const auto& meter : *meters) {
    Json channels = Json::array();
    for (const auto id : meter.channels) channels.push_back(name_of(topology, id));
    rows.push_back({{"scope", to_text(meter.scope)},
                    {"device", meter.device.id},
                    {"device_name", meter.device.name},
                    {"quality", to_text(meter.quality)},
                    {"channels", channels}});
  }
  return {{"refused", nullptr}, {"meters", rows}};
}

}  // namespace

std::string probes_json(const ProbesReport& report) {
  Json sources = Json::array(), channels = Json::array(), devices = Json::array();
  for (const auto& source : report.sources)
    sources.push_back(
        {{"type", source.type}, {"source", source.name}, {"found", !source.name.empty()}, {"reason", source.reason}});
  for (const auto& channel : report.topology.channels()) channels.push_back(channel_row(report, channel));
  for (const auto& device : report.devices) devices.push_back(device_row(device));
  const Json all{{"sources", sources}, {"channels", channels}, {"devices", devices}, {"auto", choice(report.topology)}};
  // Names come from firmware, in any encoding.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ipw
