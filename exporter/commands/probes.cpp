#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/config.hpp"
#include "probes/rig.hpp"

namespace ipw {
namespace {

struct Found {
  std::unique_ptr<probes::Rig> rig;
  std::vector<probes::ChannelStatus> status;
};

Result<Found> look(const ProbesOptions& options, const Clock& clock) {
  probes::ProbeEnvironment environment{options.root, &clock};
  std::vector<Options> sources;
  Seconds period{0.05};
  if (!options.config.empty()) {
    auto config = load_config(options.config);
    if (!config) return config.error();
    sources = config->probes.sources;
    period = config->probes.period;
    environment.root = config->probes.root;
  }
  auto rig = probes::Rig::open(std::move(sources), environment, period, Seconds{60});
  if (!rig) return rig.error();
  Found found{std::move(*rig), {}};
  // Power needs a stretch of time, and the update period some changes of the counter.
  static_cast<void>(clock.sleep_until(clock.now() + std::chrono::seconds(1), {}));
  found.status = found.rig->status();
  return found;
}

std::string container_of(const probes::Topology& topology, probes::ChannelId id) {
  const auto container = topology.container(id);
  if (!container) return "";
  const auto& channel = topology.channels()[static_cast<std::size_t>(*container)];
  return channel.source + "/" + channel.channel.name;
}

void print_json(const Found& found) {
  nlohmann::ordered_json sources = nlohmann::ordered_json::array(), channels = nlohmann::ordered_json::array();
  for (const auto& report : found.rig->reports())
    sources.push_back(
        {{"type", report.type}, {"source", report.name}, {"found", report.reason.empty()}, {"reason", report.reason}});
  const auto& topology = found.rig->topology();
  for (const auto& [id, source, channel] : topology.channels()) {
    const auto& status = found.status[static_cast<std::size_t>(id)];
    nlohmann::ordered_json row = {{"channel", source + "/" + channel.name},
                                  {"device", channel.device.id},
                                  {"device_name", channel.device.name},
                                  {"domain", to_text(channel.domain)},
                                  {"quality", to_text(channel.quality)},
                                  {"contained_in", container_of(topology, id)},
                                  {"up", status.up},
                                  {"reason", status.reason}};
    row["watts"] = status.power ? nlohmann::ordered_json(status.power->value) : nullptr;
    row["update_period_s"] = status.update_period ? nlohmann::ordered_json(status.update_period->value) : nullptr;
    channels.push_back(std::move(row));
  }
  std::printf("%s\n", nlohmann::ordered_json{{"sources", sources}, {"channels", channels}}.dump(2).c_str());
}

void print_table(const Found& found) {
  Table sources({"source", "found", "reason"});
  for (const auto& report : found.rig->reports())
    sources.add({report.type, report.reason.empty() ? "yes" : "no", report.reason});
  std::printf("%s\n", sources.text().c_str());

  const auto& topology = found.rig->topology();
  if (topology.channels().empty()) return;
  Table channels({"channel", "device", "domain", "quality", "watts", "updates every", "contained in", "state"});
  for (const auto& [id, source, channel] : topology.channels()) {
    const auto& status = found.status[static_cast<std::size_t>(id)];
    channels.add({source + "/" + channel.name, channel.device.id + " (" + channel.device.name + ")",
                  std::string(to_text(channel.domain)), std::string(to_text(channel.quality)),
                  status.power ? figure(status.power->value) : "-",
                  status.update_period ? figure(status.update_period->value * 1000) + " ms" : "-",
                  container_of(topology, id), status.up ? "up" : status.reason});
  }
  std::printf("%s", channels.text().c_str());
}

}  // namespace

int probes_command(const ProbesOptions& options) {
  const SteadyClock clock;
  const auto found = look(options, clock);
  if (!found) return fail(found.error());
  if (options.json)
    print_json(*found);
  else
    print_table(*found);
  return kSuccess;
}

}  // namespace ipw
