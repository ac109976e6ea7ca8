// Intel's and AMD's energy counters as Linux' powercap framework shows them: <root>/sys/class/powercap/intel-rapl:N for
// a package or the platform (psys), intel-rapl:N:M for a part of it. Each zone is a folder with `name`, `energy_uj`,
// `max_energy_range_uj` and, of some, `constraint_*_max_power_uw`.
// Source: Documentation/power/powercap/powercap.rst and Documentation/ABI/testing/sysfs-class-powercap of the kernel.

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "probes/cpu_info.hpp"
#include "probes/power_source.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

// Firmware's figure of what a zone can draw is often missing, and bursts go far beyond it. What must be told apart from
// power is a garbled counter, and that is off by orders of magnitude.
constexpr Watts kMostOfAnyZone{2000}, kLeastBound{500};
constexpr double kBurst = 10;

// A folder of powercap: `intel-rapl:1:0` has the numbers {1, 0}; `intel-rapl-mmio` shows the same zones a second time.
struct ZoneFolder {
  bool mmio{false};
  std::vector<int> numbers;
  fs::path path;
  std::string name;
};

std::string first_line(const fs::path& path) {
  SensorFile file(path);
  const auto text = file.read();
  return text ? std::string(trim(*text)) : std::string();
}

std::optional<std::vector<int>> parse_numbers(std::string_view text) {
  std::vector<int> numbers;
  while (!text.empty()) {
    if (text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
    int number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
  if (numbers.empty() || numbers.size() > 2) return std::nullopt;
  return numbers;
}

std::optional<ZoneFolder> parse_folder(const fs::path& path) {
  const auto file_name = path.filename().string();
  std::string_view rest = file_name;
  ZoneFolder zone;
  if (rest.starts_with("intel-rapl-mmio:")) {
    zone.mmio = true;
    rest.remove_prefix(std::string_view("intel-rapl-mmio").size());
  } else if (rest.starts_with("intel-rapl:")) {
    rest.remove_prefix(std::string_view("intel-rapl").size());
  } else {
    return std::nullopt;
  }
  const auto numbers = parse_numbers(rest);
  if (!numbers) return std::nullopt;
  zone.numbers = *numbers;
  zone.path = path;
  zone.name = first_line(path / "name");
  return zone;
}

std::vector<ZoneFolder> find_folders(const fs::path& powercap) {
  std::vector<ZoneFolder> zones;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(powercap, ignored))
    if (auto zone = parse_folder(entry.path())) zones.push_back(std::move(*zone));
  std::ranges::sort(zones, {}, [](const ZoneFolder& z) { return std::tuple(z.mmio, z.numbers); });
  return zones;
}

// The K of `package-K` and `package-K-die-J`.
std::optional<int> package_number(std::string_view name) {
  constexpr std::string_view kPrefix = "package-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

std::optional<Watts> plausible_power(const fs::path& zone) {
  double microwatts = 0;
  for (const char* constraint : {"0", "1", "2"}) {
    const auto most = SensorFile(zone / ("constraint_" + std::string(constraint) + "_max_power_uw")).number();
    if (most) microwatts = std::max(microwatts, *most);
  }
  if (microwatts <= 0) return kMostOfAnyZone;
  return std::max(Watts{microwatts * 1e-6 * kBurst}, kLeastBound);
}

// A zone that stands for a package or the platform; nothing for names that we do not know.
std::optional<Channel> top_channel(const std::string& name, const std::string& model) {
  Channel channel;
  channel.name = name;
  if (const auto package = package_number(name)) {
    channel.device = {"cpu" + std::to_string(*package), model};
    channel.domain = Domain::cpu_package;
  } else if (name.starts_with("psys")) {
    channel.device = {"host", model};
    channel.domain = Domain::platform;
  } else {
    return std::nullopt;
  }
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

struct Zone {
  Channel channel;
  SensorFile energy;
};

void complete(Channel& channel, const fs::path& zone) {
  channel.wraps_at.reset();
  if (const auto range = SensorFile(zone / "max_energy_range_uj").number(); range && *range > 0)
    channel.wraps_at = Joules{*range * 1e-6};
  channel.max_power = plausible_power(zone);
}

std::vector<Zone> find_zones(const fs::path& powercap, const std::string& model) {
  std::vector<Zone> zones;
  std::map<std::pair<bool, int>, Channel> tops;  // by mmio and first number, for their parts
  std::set<std::string> seen;                    // a name that came once already is the same counter shown by mmio
  for (const auto& folder : find_folders(powercap)) {
    std::optional<Channel> channel;
    if (folder.numbers.size() == 1) {
      channel = top_channel(folder.name, model);
      if (channel) tops[{folder.mmio, folder.numbers[0]}] = *channel;
    } else if (const auto top = tops.find({folder.mmio, folder.numbers[0]}); top != tops.end()) {
      channel = part_channel(folder.name, top->second);
    }
    if (!channel || !seen.insert(channel->name).second) continue;
    complete(*channel, folder.path);
    zones.push_back({std::move(*channel), SensorFile(folder.path / "energy_uj")});
  }
  return zones;
}

class Rapl final : public PowerSource {
 public:
  Rapl(std::vector<Zone> zones, const Clock& clock) : zones_(std::move(zones)), clock_(clock) {
    for (const auto& zone : zones_) channels_.push_back(zone.channel);
  }

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    std::vector<Result<StampedReading>> readings;
    readings.reserve(zones_.size());
    for (auto& zone : zones_) readings.push_back(read(zone));
    return readings;
  }

 private:
  Result<StampedReading> read(Zone& zone) {
    const auto before = clock_.now();
    const auto microjoules = zone.energy.number();
    if (!microjoules) return microjoules.error();
    if (*microjoules < 0)
      return Error{Errc::invalid, zone.energy.path().string() + ": a counter of energy cannot be negative"};
    return StampedReading{before + (clock_.now() - before) / 2, Joules{*microjoules * 1e-6}};
  }

  std::vector<Zone> zones_;
  std::vector<Channel> channels_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_rapl(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
  const auto powercap = environment.root / "sys" / "class" / "powercap";
  std::error_code ignored;
  if (!fs::is_directory(powercap, ignored))
    return Error{Errc::unavailable, powercap.string() +
                                        " does not exist: this kernel, virtual machine or container shows no " +
                                        "CPU energy counters (on a real machine: modprobe intel_rapl_msr)"};
  auto zones = find_zones(powercap, cpu_model(environment.root));
  if (zones.empty())
    return Error{Errc::unavailable,
                 powercap.string() + " has no intel-rapl zone (on a real machine: modprobe intel_rapl_msr)"};

  auto source = std::make_unique<Rapl>(std::move(zones), *environment.clock);
  const auto readings = source->read();
  if (std::ranges::none_of(readings, [](const auto& reading) { return static_cast<bool>(reading); }))
    return Error{Errc::unavailable, readings.front().error().message};
  return source;
}

}  // namespace ipw::probes::sources
