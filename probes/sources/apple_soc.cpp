#include "probes/sources/apple_soc.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "probes/device_names.hpp"

namespace ipw::probes::sources {
namespace {

constexpr Watts kMostOfSoc{1000};  // an Ultra draws some 250 W
constexpr Seconds kReadEvery{0.1}, kStale{10};

constexpr struct {
  ApplePart part;
  std::string_view name, whole, piece;  // channel; the counter of all of it, the stem of the numbered ones
  Domain domain;
  std::string_view device;
} kPartKinds[] = {
    {ApplePart::cpu, "cpu", "CPU Energy", "", Domain::cpu_package, "cpu0"},
    {ApplePart::gpu, "gpu", "GPU Energy", "GPU", Domain::gpu, "soc0"},
    {ApplePart::ane, "ane", "ANE", "ANE", Domain::other, "soc0"},
    {ApplePart::dram, "dram", "DRAM", "DRAM", Domain::dram, "soc0"},
};

bool take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

// How fine a counter is: 0 for all of a part, then dies and numbered pieces, then pieces of those.
struct Place {
  std::size_t part;
  int fineness;
};

std::optional<Place> place_of(std::string_view name) {
  int fineness = 0;
  if (constexpr std::string_view kDie = "DIE_"; name.starts_with(kDie)) {
    auto rest = name.substr(kDie.size());
    if (!take_digits(rest) || !rest.starts_with('_')) return std::nullopt;
    name = rest.substr(1);
    ++fineness;
  }
  for (std::size_t i = 0; i < std::size(kPartKinds); ++i) {
    const auto& kind = kPartKinds[i];
    if (name == kind.whole) return Place{i, fineness};
    if (kind.piece.empty() || !name.starts_with(kind.piece)) continue;
    auto rest = name.substr(kind.piece.size());
    if (!take_digits(rest)) continue;
    if (rest.empty()) return Place{i, fineness + 1};
    if (!rest.starts_with('_')) continue;
    rest.remove_prefix(1);
    if (take_digits(rest) && rest.empty()) return Place{i, fineness + 2};
  }
  return std::nullopt;
}

// The coarsest counters of each part, by index.
std::array<std::vector<std::size_t>, kAppleParts> coarsest(std::span<const AppleCounter> counters) {
  std::array<std::vector<std::size_t>, kAppleParts> chosen;
  std::array<int, kAppleParts> fineness{};
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const auto place = place_of(counters[i].name);
    if (!place) continue;
    auto& list = chosen[place->part];
    auto& finest = fineness[place->part];
    const bool seen = std::ranges::any_of(list, [&](std::size_t j) { return counters[j].name == counters[i].name; });
    if (seen || (!list.empty() && place->fineness > finest)) continue;
    if (!list.empty() && place->fineness < finest) list.clear();
    finest = place->fineness;
    list.push_back(i);
  }
  return chosen;
}

}  // namespace

std::vector<Channel> apple_channels(std::span<const ApplePart> parts, std::string_view model) {
  const auto name = device_name(model.empty() ? "Apple silicon" : model);
  Channel soc;
  soc.name = "soc";
  soc.device = {"soc0", name};
  soc.domain = Domain::soc;
  soc.max_power = kMostOfSoc;
  soc.read_every = kReadEvery;
  std::vector<Channel> channels{soc};
  for (const auto part : parts) {
    const auto& kind = kPartKinds[static_cast<std::size_t>(part)];
    auto channel = soc;
    channel.name = kind.name;
    channel.parent = soc.name;
    channel.device.id = kind.device;
    channel.domain = kind.domain;
    channels.push_back(std::move(channel));
  }
  return channels;
}

std::optional<double> apple_unit(std::string_view label) {
  label = trim(label);
  if (label == "mJ") return 1e-3;
  if (label == "uJ") return 1e-6;
  if (label == "nJ") return 1e-9;
  return std::nullopt;
}

Result<AppleSoc> AppleSoc::from(std::span<const AppleCounter> counters, std::string_view model) {
  const auto chosen = coarsest(counters);
  AppleSoc soc;
  std::vector<ApplePart> parts;
  for (const auto& kind : kPartKinds) {
    const auto& list = chosen[static_cast<std::size_t>(kind.part)];
    const bool needed = kind.part == ApplePart::cpu || kind.part == ApplePart::gpu;
    if (list.empty() && needed)
      return Error{Errc::unavailable, "IOReport has no energy counter `" + std::string(kind.whole) + "` among its " +
                                          std::to_string(counters.size())};
    if (list.empty()) continue;
    Sum sum;
    for (const auto i : list) {
      const auto factor = apple_unit(counters[i].unit);
      if (!factor)
        return Error{Errc::invalid, "IOReport's counter `" + counters[i].name + "` has the unknown unit `" +
                                        shortened(valid_utf8(counters[i].unit), 20) + "`"};
      sum.push_back({i, *factor, counters[i].name});
    }
    parts.push_back(kind.part);
    soc.sums_.push_back(std::move(sum));
  }
  soc.channels_ = apple_channels(parts, model);
  soc.last_.resize(soc.channels_.size());
  return soc;
}

Result<StampedReading> AppleSoc::sum_of(const Sum& sum, const std::function<Result<AppleValue>(std::size_t)>& value_of,
                                        MonoTime now) {
  Joules total{0};
  Seconds oldest{0};
  for (const auto& [counter, factor, name] : sum) {
    const auto figure = value_of(counter);
    if (!figure) return figure.error();
    const auto counter_text = "IOReport's counter `" + name + "` ";
    const auto wrong = [&](Errc code, const char* why) { return Error{code, counter_text + why}; };
    if (figure->value < 0) return wrong(Errc::invalid, "is negative");
    total += Joules{static_cast<double>(figure->value) * factor};
    oldest = std::max(oldest, figure->age.value_or(Seconds{0}));
    if (oldest > kStale) return wrong(Errc::unavailable, "has not been written for more than 10 s");
  }
  return StampedReading{now - to_chrono(oldest), total};
}

std::vector<Result<StampedReading>> AppleSoc::read(const std::function<Result<AppleValue>(std::size_t)>& value_of,
                                                   MonoTime now) {
  Result<StampedReading> soc = StampedReading{now, Joules{0}};
  std::vector<Result<StampedReading>> readings;
  for (const auto& sum : sums_) {
    readings.push_back(sum_of(sum, value_of, now));
    const auto& part = readings.back();
    if (!soc) continue;
    if (part)
      soc = StampedReading{std::min(soc->at, part->at),
                           Joules{std::get<Joules>(soc->value) + std::get<Joules>(part->value)}};
    else
      soc = part.error();
  }
  readings.insert(readings.begin(), soc);
  for (std::size_t i = 0; i < readings.size(); ++i)
    if (readings[i]) last_[i] = readings[i]->at = std::max(readings[i]->at, last_[i]);
  return readings;
}

}  // namespace ipw::probes::sources
