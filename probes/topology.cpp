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

std::vector<const RigChannel*> joined(std::initializer_list<std::vector<const RigChannel*>> lists) {
  std::vector<const RigChannel*> all;
  for (const auto& one : lists) all.insert(all.end(), one.begin(), one.end());
  return all;
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

// Firmware's platform counter has what the board wires to it: a discrete GPU on some laptops, on most desktops not.
bool may_lack_gpus(const RigChannel& channel) {
  return channel.channel.domain == Domain::platform && channel.channel.name.starts_with("psys");
}

bool is_auto(const std::vector<std::string>& names) {
  return names.empty() || (names.size() == 1 && names[0] == "auto");
}

}  // namespace

std::string_view to_text(Scope scope) {
  constexpr std::string_view kNames[] = {"accelerator", "node", "wall"};
  return kNames[static_cast<std::size_t>(scope)];
}

Topology::Picks Topology::of_domain(Domain domain) const {
  Picks picks;
  for (const auto id : tree_.counting(domain)) picks.push_back(&channel(id));
  return picks;
}

// Without those that others of them contain.
Topology::Picks Topology::outermost(Picks picks) const {
  const auto all = picks;
  std::erase_if(picks, [&](const RigChannel* part) {
    return std::ranges::any_of(all, [&](const RigChannel* whole) { return tree_.contains(whole->id, part->id); });
  });
  return picks;
}

Result<Topology::Picks> Topology::accelerators() const {
  const auto socs = of_domain(Domain::soc);
  auto picks = of_domain(Domain::gpu);
  std::erase_if(picks, [&](const RigChannel* gpu) {
    return std::ranges::any_of(socs, [&](const RigChannel* soc) { return tree_.contains(soc->id, gpu->id); });
  });
  if (picks.empty()) picks = outermost(joined({socs, of_domain(Domain::module)}));
  if (picks.empty()) return of_domain(Domain::cpu_package);
  const bool one_device = std::ranges::all_of(
      picks, [&](const RigChannel* p) { return p->channel.device.id == picks[0]->channel.device.id; });
  if (!one_device)
    return invalid(
        "several accelerators could be meant: name the target's own under `power: {accelerator: [...]}` (there are " +
        list(picks) + ")");
  return picks;
}

// The channels of the first source that meters the whole machine at all times.
Topology::Picks Topology::platform() const {
  const bool has_gpus = !of_domain(Domain::gpu).empty();
  Picks picks;
  for (const auto& c : channels()) {
    if (c.channel.domain != Domain::platform || reads_at_times(c) || (has_gpus && may_lack_gpus(c))) continue;
    if (picks.empty() || picks[0]->source == c.source) picks.push_back(&c);
  }
  return outermost(std::move(picks));
}

Topology::Picks Topology::node() const {
  if (auto whole = platform(); !whole.empty()) return whole;
  const auto processors = joined({of_domain(Domain::module), of_domain(Domain::soc), of_domain(Domain::cpu_package)});
  if (processors.empty()) return of_domain(Domain::platform);
  return outermost(joined({processors, of_domain(Domain::dram), of_domain(Domain::gpu)}));
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
  for (const auto& c : channels()) {
    full_names.push_back(full_name(c));
    if (full_names.back() == name) return &c;
    if (c.channel.name == name) found.push_back(&c);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    return invalid("power channel `" + name + "` exists more than once: write one of " + list(found));
  if (channels().empty())
    return invalid("there is no power channel `" + name + "`: no power source was found on this machine");
  std::vector<std::string_view> known(full_names.begin(), full_names.end());
  for (const auto& c : channels()) known.push_back(c.channel.name);
  const auto shown = std::span(known).first(channels().size());
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
      if (tree_.contains(a.id, b.id))
        return invalid("`" + full_name(a) + "` contains `" + full_name(b) +
                       "`: name only one, or its energy counts twice");
      if (tree_.measure_the_same(a.id, b.id))
        return invalid("`" + full_name(a) + "` and `" + full_name(b) + "` measure the same: name only one");
    }
  }
  return {};
}

Meter Topology::host_meter(Scope scope, const Picks& picks) const {
  Meter meter{scope, weakest(picks), {"host", picks[0]->channel.device.name}, {}};
  for (const auto* pick : picks) meter.channels.push_back(pick->id);
  // A plug or a BMC is called after itself; the machine behind it is best known by its processor.
  for (const auto domain : {Domain::module, Domain::soc, Domain::cpu_package})
    if (const auto processors = of_domain(domain); !processors.empty())
      meter.device.name = processors[0]->channel.device.name;
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
