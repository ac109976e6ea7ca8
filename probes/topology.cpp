#include "probes/topology.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipw::probes {
namespace {

std::string full_name(const RigChannel& c) {
  return c.source + "/" + c.channel.name;
}

std::string list(const std::vector<const RigChannel*>& picks) {
  std::string text;
  for (const auto* pick : picks) text += (text.empty() ? "" : ", ") + full_name(*pick);
  return text;
}

Error invalid(std::string message) {
  return {Errc::invalid, std::move(message)};
}

// Whether a channel on `domain` may be charged under `scope`: a wall meter does not measure a GPU board.
bool may_stand_for(Scope scope, Domain domain) {
  switch (scope) {
    case Scope::accelerator:
      return domain != Domain::platform && domain != Domain::wall;
    case Scope::node:
      return domain != Domain::wall;
    case Scope::wall:
      return domain == Domain::wall;
  }
  return false;
}

Quality weakest(const std::vector<const RigChannel*>& picks) {
  auto quality = Quality::measured;
  for (const auto* pick : picks) quality = std::max(quality, pick->channel.quality);
  return quality;
}

std::vector<Meter> meter_per_device(const std::vector<const RigChannel*>& picks) {
  std::vector<Meter> meters;
  for (const auto* pick : picks) {
    const auto& c = pick->channel;
    auto same = std::ranges::find(meters, c.device.id, [](const Meter& m) { return m.device.id; });
    if (same == meters.end()) same = meters.insert(meters.end(), {Scope::accelerator, c.quality, c.device, {}});
    same->quality = std::max(same->quality, c.quality);
    same->channels.push_back(pick->id);
  }
  return meters;
}

bool is_auto(const std::vector<std::string>& names) {
  return names.empty() || (names.size() == 1 && names[0] == "auto");
}

}  // namespace

std::string_view to_text(Scope scope) {
  constexpr std::string_view kNames[] = {"accelerator", "node", "wall"};
  return kNames[static_cast<std::size_t>(scope)];
}

Topology::Topology(std::span<const RigChannel> channels) : channels_(channels.begin(), channels.end()) {}

std::optional<ChannelId> Topology::container(ChannelId id) const {
  const auto& part = channel(id);
  if (!part.channel.parent.empty()) {
    for (const auto& c : channels_)
      if (c.source == part.source && c.channel.name == part.channel.parent) return c.id;
  }
  const auto only = [&](Domain domain, bool same_device) -> std::optional<ChannelId> {
    auto found = of_domain(domain);
    if (same_device)
      std::erase_if(found, [&](const auto* c) { return c->channel.device.id != part.channel.device.id; });
    if (found.size() != 1 || found[0]->id == id) return std::nullopt;
    return found[0]->id;
  };
  switch (part.channel.domain) {
    case Domain::wall:
      return std::nullopt;
    case Domain::platform:
      return only(Domain::wall, false);
    case Domain::cpu_core:
    case Domain::cpu_uncore:
      if (const auto package = only(Domain::cpu_package, true)) return package;
      break;
    default:
      break;
  }
  if (!of_domain(Domain::platform).empty()) return of_domain(Domain::platform).front()->id;
  return only(Domain::wall, false);
}

bool Topology::contains(ChannelId whole, ChannelId part) const {
  // As many steps as there are channels, so that parents that name each other in a circle end too.
  auto at = container(part);
  for (std::size_t i = 0; at && i < channels_.size(); ++i, at = container(*at))
    if (*at == whole) return true;
  return false;
}

// The channels of a domain, each device's from the first source that measures it. (One source may have several for a
// device: the dies of a package, which add up.)
Topology::Picks Topology::of_domain(Domain domain) const {
  Picks picks;
  for (const auto& c : channels_) {
    if (c.channel.domain != domain) continue;
    const bool measured_elsewhere = std::ranges::any_of(picks, [&](const RigChannel* p) {
      return p->channel.device.id == c.channel.device.id && p->source != c.source;
    });
    if (!measured_elsewhere) picks.push_back(&c);
  }
  return picks;
}

Result<Topology::Picks> Topology::accelerators() const {
  auto picks = of_domain(Domain::gpu);
  std::ranges::copy(of_domain(Domain::soc), std::back_inserter(picks));
  if (picks.empty()) return of_domain(Domain::cpu_package);
  const bool one_device = std::ranges::all_of(
      picks, [&](const RigChannel* p) { return p->channel.device.id == picks[0]->channel.device.id; });
  if (!one_device)
    return invalid(
        "several accelerators could be meant: name the target's own under `power: {accelerator: [...]}` (there are " +
        list(picks) + ")");
  return picks;
}

Topology::Picks Topology::node() const {
  if (auto platform = of_domain(Domain::platform); !platform.empty()) return platform;
  auto picks = of_domain(Domain::cpu_package);
  std::ranges::copy(of_domain(Domain::soc), std::back_inserter(picks));
  if (picks.empty()) return {};
  for (const auto domain : {Domain::dram, Domain::gpu}) std::ranges::copy(of_domain(domain), std::back_inserter(picks));
  return picks;
}

Result<Topology::Picks> Topology::wall() const {
  auto picks = of_domain(Domain::wall);
  if (picks.size() > 1)
    return invalid(
        "several wall meters could be meant: name this machine's own under `power: {wall: [...]}` (there are " +
        list(picks) + ")");
  return picks;
}

Result<const RigChannel*> Topology::find(const std::string& name) const {
  Picks found;
  std::vector<std::string> full_names;
  for (const auto& c : channels_) {
    full_names.push_back(full_name(c));
    if (full_names.back() == name) return &c;
    if (c.channel.name == name) found.push_back(&c);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    return invalid("power channel `" + name + "` exists more than once: write one of " + list(found));
  if (channels_.empty())
    return invalid("there is no power channel `" + name + "`: no power source was found on this machine");
  std::vector<std::string_view> known(full_names.begin(), full_names.end());
  for (const auto& c : channels_) known.push_back(c.channel.name);
  const auto shown = std::span(known).first(channels_.size());
  return invalid("there is no power channel " + did_you_mean(name, known) + " (there are " + join(shown, ", ") + ")");
}

Result<Topology::Picks> Topology::named(Scope scope, const std::vector<std::string>& names) const {
  Picks picks;
  for (const auto& name : names) {
    const auto found = find(name);
    if (!found) return found.error();
    const auto domain = (*found)->channel.domain;
    if (!may_stand_for(scope, domain))
      return invalid("power channel `" + name + "` measures " + std::string(to_text(domain)) +
                     ", which cannot stand for the scope " + std::string(to_text(scope)));
    picks.push_back(*found);
  }
  if (auto ok = check_disjoint(picks); !ok) return ok.error();
  return picks;
}

Result<void> Topology::check_disjoint(const Picks& picks) const {
  for (std::size_t i = 0; i < picks.size(); ++i) {
    for (std::size_t j = 0; j < picks.size(); ++j) {
      const auto &a = *picks[i], &b = *picks[j];
      if (i < j && a.id == b.id) return invalid("power channel `" + full_name(a) + "` is named twice");
      if (contains(a.id, b.id))
        return invalid("`" + full_name(a) + "` contains `" + full_name(b) +
                       "`: name only one, or its energy counts twice");
      const bool same =
          a.source != b.source && a.channel.domain == b.channel.domain && a.channel.device.id == b.channel.device.id;
      if (same) return invalid("`" + full_name(a) + "` and `" + full_name(b) + "` measure the same: name only one");
    }
  }
  return {};
}

Meter Topology::host_meter(Scope scope, const Picks& picks) const {
  Meter meter{scope, weakest(picks), {"host", picks[0]->channel.device.name}, {}};
  for (const auto* pick : picks) meter.channels.push_back(pick->id);
  // A plug is called after itself; the machine behind it is best known by its CPU.
  if (const auto packages = of_domain(Domain::cpu_package); !packages.empty())
    meter.device.name = packages[0]->channel.device.name;
  return meter;
}

Result<std::vector<Meter>> Topology::meters(const PowerChoice& choice) const {
  const auto accelerator = is_auto(choice.accelerator) ? accelerators() : named(Scope::accelerator, choice.accelerator);
  if (!accelerator) return accelerator.error();
  const auto whole = is_auto(choice.node) ? Result<Picks>(node()) : named(Scope::node, choice.node);
  if (!whole) return whole.error();
  const auto outlet = is_auto(choice.wall) ? wall() : named(Scope::wall, choice.wall);
  if (!outlet) return outlet.error();

  auto meters = meter_per_device(*accelerator);
  if (!whole->empty()) meters.push_back(host_meter(Scope::node, *whole));
  if (!outlet->empty()) meters.push_back(host_meter(Scope::wall, *outlet));
  return meters;
}

}  // namespace ipw::probes
