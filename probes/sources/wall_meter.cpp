#include "probes/sources/wall_meter.hpp"

#include <algorithm>
#include <charconv>

#include "probes/cpu_info.hpp"

namespace ipw::probes::sources {
namespace {

// More units than any meter counts; what is beyond is garbage.
constexpr double kMostUnits = 1e12;
constexpr std::size_t kMostChannels = 64;

std::string listed(const std::vector<MeterPoint>& points) {
  std::string list;
  for (std::size_t i = 0; i < points.size(); ++i)
    list += (i > 0 ? ", " : "") + std::to_string(i) + " (" + points[i].name + ")";
  return list;
}

Result<void> is_valid(const MeterAnswer& answer, const MeterPoint& point) {
  const auto failed = [&](const char* why) {
    return Error{Errc::unavailable, answer.where() + ": `" + point.name + "` " + why};
  };
  if (!point.valid.empty() && answer.flag(point.valid) == false)
    return failed("says that its measurement is not valid");
  for (std::size_t i = 0; !point.errors.empty() && i < answer.size(point.errors); ++i)
    if (answer.text(point.errors + "/" + std::to_string(i)) == "power_meter_failure")
      return failed("says that its power meter has failed");
  return {};
}

}  // namespace

WallOptions WallOptions::from(Options& options, const ProbeEnvironment& environment) {
  WallOptions made;
  const auto channel = options.text("channel", "");
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(channel.data(), channel.data() + channel.size(), index);
  if (channel == "all")
    made.all_ = true;
  else if (!channel.empty() && error == std::errc{} && end == channel.data() + channel.size() && index < kMostChannels)
    made.index_ = index;
  else if (!channel.empty())
    options.fail("channel", "expected a channel's number, from 0, or `all`, got `" + channel + "`");
  const auto device = options.text("device", "host");
  if (device.empty()) options.fail("device", "`device` must not be empty");
  made.device_ = {device, device == "host" ? cpu_model(environment.root) : device};
  made.place_ = options.place("channel");
  return made;
}

Result<std::vector<MeterPoint>> WallOptions::choose(const std::string& url, std::vector<MeterPoint> points) const {
  if (points.empty()) return Error{Errc::unavailable, url + ": this device does not measure power"};
  if (all_ || (points.size() == 1 && !index_)) return points;
  if (index_ && *index_ < points.size()) return std::vector{points[*index_]};
  const auto what = index_ ? "has no channel " + std::to_string(*index_) : "measures several channels: set `channel`";
  return Error{Errc::invalid, place_ + ": " + url + " " + what + " (it has " + listed(points) + ", or `all`)"};
}

Channel WallOptions::channel(Watts most) const {
  Channel made;
  made.name = "plug";
  made.device = device_;
  made.domain = Domain::wall;
  made.max_power = most;
  made.read_every = Seconds{1};
  return made;
}

Result<StampedReading> WallMeter::read_one() {
  const auto before = clock_.now();
  const auto answer = ask_();
  const auto at = before + (clock_.now() - before) / 2;
  if (!answer) return answer.error();
  const Range<double> plausible{0, channel_.max_power->value};
  const bool counts = std::ranges::none_of(points_, [](const MeterPoint& p) { return p.energy.empty(); });
  Joules energy;
  Watts power;
  bool has_power = true;
  for (const auto& point : points_) {
    if (auto ok = is_valid(*answer, point); !ok) return ok.error();
    const auto watts = answer->number(point.power, plausible);
    has_power = has_power && watts;
    if (!watts && (!counts || watts.error().code == Errc::invalid)) return watts.error();
    if (watts) power += Watts{*watts};
    if (!counts) continue;
    const auto units = answer->number(point.energy, {0, kMostUnits});
    if (!units) return units.error();
    energy += Joules{*units * point.joules_per_unit};
  }
  if (!counts) return StampedReading{at, power};
  if (!has_power) return StampedReading{at, energy};
  return StampedReading{at, energy, StampedWatts{at, power}};
}

Result<std::unique_ptr<PowerSource>> open_wall_meter(std::unique_ptr<WallMeter> meter) {
  const auto first = meter->read();
  if (!first.front()) return Error{Errc::unavailable, first.front().error().message};
  return std::unique_ptr<PowerSource>(std::move(meter));
}

}  // namespace ipw::probes::sources
