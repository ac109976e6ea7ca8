#include "probes/sources/rapl_zone.hpp"

#include <charconv>

namespace ipw::probes::sources {
namespace {

// The K of `package-K` and `package-K-die-J`.
std::optional<int> package_number(std::string_view name) {
  constexpr std::string_view kPrefix = "package-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  return number;
}

}  // namespace

bool is_amd(const std::string& model) {
  return model.starts_with("AMD ") || model.starts_with("Hygon ");
}

std::optional<Channel> top_channel(const std::string& name, const std::string& model) {
  Channel channel;
  channel.name = name;
  if (const auto package = package_number(name)) {
    channel.device = {"cpu" + std::to_string(*package), model};
    channel.domain = Domain::cpu_package;
    if (is_amd(model)) channel.name = "package-" + std::to_string(*package);
  } else if (name.starts_with("psys")) {
    channel.device = {"host", model};
    channel.domain = Domain::platform;
  } else {
    return std::nullopt;
  }
  channel.max_power = kMostOfAnyZone;
  return channel;
}

std::optional<Channel> part_channel(const std::string& name, const Channel& package) {
  Channel channel = package;
  channel.name = package.name + "-" + name;
  channel.parent = package.name;
  if (name == "core") {
    channel.domain = Domain::cpu_core;
  } else if (name == "uncore") {
    channel.domain = Domain::cpu_uncore;
  } else if (name == "dram") {
    channel.domain = Domain::dram;
    channel.parent.clear();  // memory is listed under its package, but the package's counter does not contain it
  } else {
    return std::nullopt;
  }
  return channel;
}

}  // namespace ipw::probes::sources
