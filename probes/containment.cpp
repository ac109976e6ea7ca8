#include "probes/containment.hpp"

#include <algorithm>

namespace ipw::probes {
namespace {

enum class Where { same_device, any_device };

// What may contain what where the source says nothing, the smallest first.
constexpr struct {
  Domain part, whole;
  Where where;
} kRules[] = {
    {Domain::cpu_core, Domain::cpu_package, Where::same_device},
    {Domain::cpu_core, Domain::soc, Where::any_device},
    {Domain::cpu_core, Domain::module, Where::any_device},
    {Domain::cpu_uncore, Domain::cpu_package, Where::same_device},
    {Domain::cpu_uncore, Domain::soc, Where::any_device},
    {Domain::cpu_uncore, Domain::module, Where::any_device},
    {Domain::cpu_package, Domain::soc, Where::any_device},
    {Domain::cpu_package, Domain::module, Where::any_device},
    {Domain::gpu, Domain::soc, Where::same_device},
    {Domain::gpu, Domain::module, Where::any_device},
    {Domain::dram, Domain::module, Where::any_device},
};

std::string quantity(const RigChannel& c) {
  auto domain = std::string(to_text(c.channel.domain));
  switch (c.channel.domain) {
    case Domain::wall:
    case Domain::other:
      return domain + " " + c.source + "/" + c.channel.name;
    case Domain::platform:
    case Domain::module:
      return domain;
    default:
      return domain + " of " + c.channel.device.id;
  }
}

// All CPU packages in one, as the estimate from CPU time has them.
bool is_every_package(const RigChannel& c) {
  return c.channel.domain == Domain::cpu_package && c.channel.device.id == "host";
}

}  // namespace

bool reads_at_times(const RigChannel& channel) {
  return channel.source == "battery" || channel.source.starts_with("battery-");
}

Containment::Containment(std::span<const RigChannel> channels)
    : channels_(channels.begin(), channels.end()), places_(channels.size()) {
  for (const auto& c : channels_) {
    places_[index(c.id)].quantity = quantity(c);
    if (const auto whole = parent(c)) places_[index(c.id)].inside = {*whole};
  }
  break_circles();
  for (const auto& c : channels_) {
    places_[index(c.id)].same_as = find_duplicate(c);
    places_[index(c.id)].nested = is_nested(c);
  }
  for (const auto& c : channels_)
    if (!parent(c)) places_[index(c.id)].inside = find_containers(c);
  break_circles();
}

// No source should name its channels as each other's parents; if one does, the first of them is put on top.
void Containment::break_circles() {
  for (const auto& c : channels_)
    if (contains(c.id, c.id)) places_[index(c.id)].inside.clear();
}

std::optional<ChannelId> Containment::parent(const RigChannel& part) const {
  if (part.channel.parent.empty()) return std::nullopt;
  for (const auto& c : channels_)
    if (c.source == part.source && c.channel.name == part.channel.parent) return c.id;
  return std::nullopt;
}

bool Containment::is_nested(const RigChannel& part) const {
  return std::ranges::any_of(channels_, [&](const RigChannel& c) {
    return c.source == part.source && c.channel.domain == part.channel.domain && c.id != part.id &&
           contains(c.id, part.id);
  });
}

std::optional<ChannelId> Containment::find_duplicate(const RigChannel& channel) const {
  for (const auto& c : channels_)
    if (is_every_package(channel) && measure_the_same(c.id, channel.id) && !is_every_package(c)) return c.id;
  const auto& quantity = places_[index(channel.id)].quantity;
  std::vector<const RigChannel*> all;
  for (const auto& c : channels_)
    if (places_[index(c.id)].quantity == quantity) all.push_back(&c);
  const auto steady = std::ranges::find_if(all, [](const auto* c) { return !reads_at_times(*c); });
  const auto& counting = (steady == all.end() ? all.front() : *steady)->source;
  if (channel.source == counting) return std::nullopt;
  // The k-th of one source is the k-th of the other, as far as anyone can tell.
  const auto nth =
      std::ranges::count_if(all, [&](const auto* c) { return c->source == channel.source && c->id < channel.id; });
  std::erase_if(all, [&](const auto* c) { return c->source != counting; });
  return all[std::min(static_cast<std::size_t>(nth), all.size() - 1)]->id;
}

std::vector<ChannelId> Containment::find_containers(const RigChannel& part) const {
  const auto& own = part.channel;
  for (const auto& rule : kRules) {
    if (rule.part != own.domain) continue;
    auto wholes = counting(rule.whole);
    auto same_device = wholes;
    std::erase_if(same_device, [&](ChannelId id) { return channel(id).channel.device.id != own.device.id; });
    if (!same_device.empty()) return same_device;
    if (rule.where == Where::any_device && !wholes.empty()) return wholes;
  }
  if (own.domain == Domain::wall) return {};
  if (own.domain != Domain::platform)
    if (auto platform = counting(Domain::platform); !platform.empty()) return platform;
  return counting(Domain::wall);
}

std::vector<ChannelId> Containment::counting(Domain domain) const {
  std::vector<ChannelId> ids;
  for (const auto& c : channels_) {
    const auto& place = places_[index(c.id)];
    if (c.channel.domain == domain && !place.same_as && !place.nested) ids.push_back(c.id);
  }
  return ids;
}

bool Containment::measure_the_same(ChannelId a, ChannelId b) const {
  const auto &one = channel(a), &other = channel(b);
  if (one.source == other.source) return false;
  if (one.channel.domain == Domain::cpu_package && other.channel.domain == Domain::cpu_package &&
      is_every_package(one) != is_every_package(other))
    return true;
  return places_[index(a)].quantity == places_[index(b)].quantity;
}

bool Containment::contains(ChannelId whole, ChannelId part) const {
  std::vector<bool> seen(channels_.size());
  auto to_visit = places_[index(part)].inside;
  while (!to_visit.empty()) {
    const auto at = to_visit.back();
    to_visit.pop_back();
    if (seen[index(at)]) continue;
    seen[index(at)] = true;
    if (at == whole || measure_the_same(at, whole)) return true;
    to_visit.insert(to_visit.end(), places_[index(at)].inside.begin(), places_[index(at)].inside.end());
  }
  return false;
}

}  // namespace ipw::probes
