#pragma once

#include <string>
#include <vector>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/commands/terminal.hpp"
#include "probes/rig.hpp"

namespace ipw {

// What `probes` found.
struct ProbesReport {
  std::vector<probes::SourceReport> sources;
  probes::Topology topology;
  std::vector<ChannelSnapshot> channels;  // by ChannelId
  std::vector<DeviceSnapshot> devices;
};

// For programs: `sources`, `channels`, `devices`, and what `power: auto` would take. Unknown is null.
std::string probes_json(const ProbesReport& report);

// How the tree of channels is drawn: with lines, or for files by indentation only.
enum class TreeStyle { lines, indented };

// For people: a table of the sources, the channels under those that contain them, and what is known of the devices.
std::string probes_text(const ProbesReport& report, TreeStyle style, const TerminalStyle& terminal = {});

}  // namespace ipw
