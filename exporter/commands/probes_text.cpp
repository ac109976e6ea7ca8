#include <algorithm>

#include "exporter/commands/probes_report.hpp"
#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

using probes::ChannelId;

std::string name_of(const probes::RigChannel& channel) {
  return channel.source + "/" + channel.channel.name;
}

std::string device_text(const std::string& id, const std::string& name) {
  return name.empty() || name == id ? id : id + " (" + name + ")";
}

// Adds the channels to a table, each under the one that contains it.
class Tree {
 public:
  Tree(const ProbesReport& report, TreeStyle style, Table& table)
      : report_(report), style_(style), table_(table), tops_(children_of(std::nullopt)) {}

  void add() const {
    for (const auto* top : tops_) add(*top, "", "");
  }

 private:
  using Channels = std::vector<const probes::RigChannel*>;

  // What lies in several stands under the last of them; nothing contains the tops.
  Channels children_of(std::optional<ChannelId> whole) const {
    Channels children;
    for (const auto& c : report_.topology.channels()) {
      const auto inside = report_.topology.tree().containers(c.id);
      const auto under = inside.empty() ? std::nullopt : std::optional(inside.back());
      if (under == whole) children.push_back(&c);
    }
    return children;
  }

  void add(const probes::RigChannel& channel, const std::string& lead, const std::string& lead_of_children) const {
    add_row(channel, lead);
    const auto children = children_of(channel.id);
    for (const auto* child : children) {
      const bool last = child == children.back();
      if (style_ == TreeStyle::indented)
        add(*child, lead_of_children + "  ", lead_of_children + "  ");
      else
        add(*child, lead_of_children + (last ? "└─ " : "├─ "), lead_of_children + (last ? "   " : "│  "));
    }
  }

  void add_row(const probes::RigChannel& at, const std::string& lead) const {
    const auto& channel = at.channel;
    const auto& now = report_.channels[static_cast<std::size_t>(at.id)];
    table_.add({lead + name_of(at), device_text(channel.device.id, channel.device.name),
                std::string(to_text(channel.domain)), std::string(to_text(channel.quality)),
                now.power ? figure(now.power->value) : "-",
                now.update_period ? figure(now.update_period->value * 1000) + " ms" : "-", state_of(at, now)});
  }

  std::string state_of(const probes::RigChannel& at, const ChannelSnapshot& now) const {
    const auto& tree = report_.topology.tree();
    std::string state = now.up ? "up" : now.reason;
    if (const auto same = tree.duplicate_of(at.id)) state += ", same as " + name(*same);
    if (const auto inside = tree.containers(at.id); inside.size() > 1) {
      state += ", part of ";
      for (const auto whole : inside) state += name(whole) + (whole == inside.back() ? "" : " + ");
    }
    return state;
  }

  std::string name(ChannelId id) const { return name_of(report_.topology.channels()[static_cast<std::size_t>(id)]); }

  const ProbesReport& report_;
  TreeStyle style_;
  Table& table_;
  Channels tops_;
};

std::string devices_text(const std::vector<DeviceSnapshot>& devices, const TerminalStyle& terminal) {
  Table table({"device", "driver", "divided into", "power cap", "clock", "clock cap", "throttled by"});
  bool known = false;
  const auto megahertz = [](std::optional<double> hertz) { return hertz ? figure(*hertz * 1e-6) + " MHz" : "-"; };
  const auto text = [](const std::string& value) { return value.empty() ? "-" : value; };
  for (const auto& [name, now, reasons] : devices) {
    if (now.driver.empty() && now.partition.empty() && !now.power_cap && !now.clock_hertz && !now.clock_cap_hertz &&
        now.throttled_by.empty())
      continue;
    known = true;
    std::string throttled;
    for (const auto& reason : now.throttled_by) throttled += (throttled.empty() ? "" : ", ") + reason;
    table.add({device_text(now.device, name), text(now.driver), text(now.partition),
               now.power_cap ? figure(now.power_cap->value) + " W" : "-", megahertz(now.clock_hertz),
               megahertz(now.clock_cap_hertz), text(throttled)});
  }
  return known ? "\n" + table.text(terminal) : "";
}

std::string choice_text(const probes::Topology& topology) {
  const auto meters = topology.meters({});
  if (!meters) return "\n`power: auto` refuses: " + meters.error().message + "\n";
  std::string text = "\n`power: auto` takes";
  for (const auto& meter : *meters) {
    text += "\n  " + std::string(to_text(meter.scope)) + ", " + device_text(meter.device.id, meter.device.name) + ":";
    for (const auto id : meter.channels)
      text += (id == meter.channels.front() ? " " : " + ") + name_of(topology.channels()[static_cast<std::size_t>(id)]);
  }
  return text + (meters->empty() ? " nothing\n" : "\n");
}

}  // namespace

std::string probes_text(const ProbesReport& report, TreeStyle style, const TerminalStyle& terminal) {
  Table sources({"source", "found", "reason"});
  for (const auto& source : report.sources)
    sources.add({source.name.empty() ? source.type : source.name, source.name.empty() ? "no" : "yes", source.reason});
  sources.paint("yes", Tone::good);
  sources.paint("no", Tone::quiet);
  if (report.topology.channels().empty()) return sources.text(terminal);

  Table channels({"channel", "device", "domain", "quality", "watts", "updates every", "state"});
  Tree(report, style, channels).add();
  channels.paint("up", Tone::good);
  return sources.text(terminal) + "\n" + channels.text(terminal) + devices_text(report.devices, terminal) +
         choice_text(report.topology);
}

}  // namespace ipw
