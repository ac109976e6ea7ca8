#include "probes/sources/rapl_powercap.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

// Bursts go far beyond what firmware says that a zone can draw.
constexpr Watts kLeastBound{500};
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
  std::error_code error;
  for (fs::directory_iterator entry(powercap, error), end; !error && entry != end; entry.increment(error))
    if (auto zone = parse_folder(entry->path())) zones.push_back(std::move(*zone));
  std::ranges::sort(zones, {}, [](const ZoneFolder& z) { return std::tuple(z.mmio, z.numbers); });
  return zones;
}

std::optional<Watts> plausible_power(const fs::path& zone) {
  double microwatts = 0;
  for (const char* constraint : {"0", "1", "2"}) {
    const auto most = SensorFile(zone / ("constraint_" + std::string(constraint) + "_max_power_uw")).number();
    if (most) microwatts = std::max(microwatts, *most);
  }
  if (microwatts <= 0) return std::nullopt;
  return std::max(Watts{microwatts * 1e-6 * kBurst}, kLeastBound);
}

class PowercapCounter final : public RaplCounter {
 public:
  explicit PowercapCounter(fs::path energy_uj) : file_(std::move(energy_uj)) {}

  Result<Joules> read() override {
    const auto microjoules = file_.number();
    if (!microjoules) return microjoules.error();
    if (*microjoules < 0)
      return Error{Errc::invalid, file_.path().string() + ": a counter of energy cannot be negative"};
    return Joules{*microjoules * 1e-6};
  }

 private:
  SensorFile file_;
};

RaplZone make_zone(Channel channel, const fs::path& folder) {
  channel.wraps_at.reset();
  if (const auto range = SensorFile(folder / "max_energy_range_uj").number(); range && *range > 0)
    channel.wraps_at = Joules{*range * 1e-6};
  channel.max_power = plausible_power(folder).value_or(kMostOfAnyZone);
  return {std::move(channel), std::make_unique<PowercapCounter>(folder / "energy_uj")};
}

std::vector<RaplZone> find_zones(const fs::path& powercap, const std::string& model) {
  std::vector<RaplZone> zones;
  std::map<std::pair<bool, int>, Channel> tops;  // by mmio and first number, for their parts
  std::set<std::string> seen;                    // a name that came once already is the same counter shown again
  for (const auto& folder : find_folders(powercap)) {
    std::optional<Channel> channel;
    if (folder.numbers.size() == 1) {
      channel = top_channel(folder.name, model);
      if (channel) tops[{folder.mmio, folder.numbers[0]}] = *channel;
    } else if (const auto top = tops.find({folder.mmio, folder.numbers[0]}); top != tops.end()) {
      channel = part_channel(folder.name, top->second);
    }
    if (!channel || !seen.insert(channel->name).second) continue;
    zones.push_back(make_zone(std::move(*channel), folder.path));
  }
  return zones;
}

// What a zone may draw for long.
std::optional<Watts> long_term_limit(const fs::path& zone) {
  if (first_line(zone / "enabled") == "0") return std::nullopt;
  for (const char* constraint : {"constraint_0_", "constraint_1_", "constraint_2_"}) {
    if (first_line(zone / (std::string(constraint) + "name")) != "long_term") continue;
    const auto limit = SensorFile(zone / (std::string(constraint) + "power_limit_uw")).number();
    if (limit && *limit > 0) return Watts{*limit * 1e-6};
  }
  return std::nullopt;
}

}  // namespace

std::vector<DeviceState> package_states(const fs::path& root) {
  std::map<std::string, Watts> zones;  // by name: msr and mmio each have a limit, and the lower is enforced
  for (const auto& folder : find_folders(root / "sys" / "class" / "powercap")) {
    if (folder.numbers.size() != 1) continue;
    const auto limit = long_term_limit(folder.path);
    if (!limit) continue;
    auto& least = zones.try_emplace(folder.name, *limit).first->second;
    least = std::min(least, *limit);
  }
  std::vector<DeviceState> states;
  for (const auto& [name, limit] : zones) {
    const auto channel = top_channel(name, "");
    if (!channel || channel->domain != Domain::cpu_package) continue;
    auto state = std::ranges::find(states, channel->device.id, &DeviceState::device);
    if (state == states.end()) {
      state = states.emplace(state);
      state->device = channel->device.id;
    }
    state->power_cap = state->power_cap.value_or(Watts{0}) + limit;  // a package's dies have one each
  }
  return states;
}

Result<std::vector<RaplZone>> powercap_zones(const fs::path& root, const std::string& model) {
  const auto powercap = root / "sys" / "class" / "powercap";
  std::error_code ignored;
  if (!fs::is_directory(powercap, ignored))
    return Error{Errc::unavailable, powercap.string() +
                                        " does not exist: this kernel, virtual machine or container shows no " +
                                        "CPU energy counters (on a real machine: modprobe intel_rapl_msr)"};
  auto zones = find_zones(powercap, model);
  if (zones.empty())
    return Error{Errc::unavailable,
                 powercap.string() + " has no intel-rapl zone (on a real machine: modprobe intel_rapl_msr)"};
  if (std::ranges::none_of(zones, [](const RaplZone& zone) { return static_cast<bool>(zone.counter->read()); }))
    return Error{Errc::unavailable, zones.front().counter->read().error().message};
  return zones;
}

}  // namespace ipw::probes::sources
