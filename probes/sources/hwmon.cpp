// Any sensor of power that the kernel's hardware monitoring shows under <root>/sys/class/hwmon and that no other source
// handles. A board's sensor says how much, not of what: it is listed as Domain::other, which nothing is charged with
// until `sensors` says what it is:
//
//   sensors: [{chip: ina226, sensor: power1, domain: gpu, device: "pci-0000:03:00.0"}]

#include <algorithm>
#include <set>

#include "probes/sources/hwmon_listing.hpp"
#include "probes/sources/hwmon_roles.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

// A sensor of which nobody is charged needs no haste: many sit behind slow buses.
constexpr Seconds kUnhurried{1};

// What the user says that a sensor is.
struct Assignment {
  std::string chip, sensor;
  Domain domain{};
  std::string device;
  std::string place;
  bool found{false};

  bool means(const HwmonChip& c, const FoundSensor& s) const {
    const bool this_chip = chip == c.name || chip == c.key;
    return this_chip && (sensor.empty() || sensor == s.id || sensor == s.label);
  }
};

std::optional<Domain> domain_called(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Domain::other); ++i)
    if (to_text(static_cast<Domain>(i)) == name) return static_cast<Domain>(i);
  return std::nullopt;
}

std::vector<Assignment> read_assignments(Options& options) {
  std::vector<std::string_view> domains;
  for (int i = 0; i <= static_cast<int>(Domain::other); ++i) domains.push_back(to_text(static_cast<Domain>(i)));
  std::vector<Assignment> assignments;
  for (auto& entry : options.children("sensors")) {
    Assignment made;
    made.chip = entry.required_text("chip");
    made.sensor = entry.text("sensor", "");
    if (entry.require("domain"))
      made.domain = domain_called(entry.one_of("domain", "other", domains)).value_or(Domain::other);
    made.device = entry.text("device", "");
    made.place = entry.place();
    assignments.push_back(std::move(made));
  }
  return assignments;
}

// Whether another source reads the chip, or it measures no load: a battery or charger belongs to `battery`.
bool belongs_elsewhere(const HwmonChip& chip, bool jetson) {
  for (const char* name : {"amdgpu", "radeon", "nouveau", "nvidia", "i915", "xe"})
    if (chip.name == name) return true;
  if (chip.name.starts_with("i915_") || chip.name.starts_with("xe_")) return true;
  if (jetson && chip.name.starts_with("ina3221")) return true;
  const auto supply = line_of(chip.node / "device" / "type");
  return chip.name.starts_with("BAT") || supply == "Battery" || supply == "Mains" || supply.starts_with("USB");
}

class Hwmon final : public HwmonSource {
 public:
  struct Cap {
    std::string device;
    fs::path file;
  };
  Hwmon(std::vector<HwmonChannel> metered, std::vector<Cap> caps, const Clock& clock)
      : HwmonSource(std::move(metered), clock), caps_(std::move(caps)) {}

  std::vector<DeviceState> states() override {
    std::vector<DeviceState> states;
    for (const auto& [device, file] : caps_) {
      const auto microwatts = number_in(file);
      if (!microwatts || *microwatts == 0) continue;
      DeviceState state;
      state.device = device;
      state.power_cap = Watts{*microwatts * 1e-6};
      states.push_back(std::move(state));
    }
    return states;
  }

 private:
  std::vector<Cap> caps_;
};

// Makes channels of the sensors of all chips.
class Assembly {
 public:
  Assembly(const fs::path& root, std::span<const HwmonChip> chips, std::vector<Assignment> assignments)
      : roles_(root, chips), assignments_(std::move(assignments)) {
    for (const auto& chip : chips)
      for (auto& sensor : find_sensors(chip)) add(chip, std::move(sensor));
    for (auto& [channel, sensor] : metered)
      if (!names_.contains(channel.parent)) channel.parent.clear();
  }

  // The first assignment that no sensor answers to.
  const Assignment* unmet() const {
    const auto found = std::ranges::find(assignments_, false, &Assignment::found);
    return found == assignments_.end() ? nullptr : &*found;
  }

  std::vector<HwmonChannel> metered;
  std::vector<Hwmon::Cap> caps;

 private:
  void add(const HwmonChip& chip, FoundSensor&& sensor) {
    const auto* assigned = assignment(chip, sensor);
    if (assigned == nullptr && HwmonRoles::is_detail(chip, sensor.label)) return;
    auto channel = assigned != nullptr ? as_assigned(chip, sensor, *assigned) : as_known(chip, sensor);
    const bool charged = channel.domain != Domain::other;
    channel.max_power = most_of(channel.domain);
    channel.read_every = charged ? sensor.interval : std::max(sensor.interval, kUnhurried);
    channel.averages_over = sensor.averages_over;
    make_unique(channel.name);
    if (charged && sensor.cap) caps.push_back({channel.device.id, *sensor.cap});
    metered.push_back({std::move(channel), std::move(sensor.sensor)});
  }

  Assignment* assignment(const HwmonChip& chip, const FoundSensor& sensor) {
    Assignment* first = nullptr;
    for (auto& a : assignments_) {
      if (!a.means(chip, sensor)) continue;
      a.found = true;
      if (first == nullptr) first = &a;
    }
    return first;
  }

  // A second sensor that claims the same part would count it twice.
  Channel as_known(const HwmonChip& chip, const FoundSensor& sensor) const {
    auto channel = roles_.role(chip, sensor.label);
    return channel && !names_.contains(channel->name) ? std::move(*channel) : generic(chip, sensor);
  }

  static Channel generic(const HwmonChip& chip, const FoundSensor& sensor) {
    Channel channel;
    channel.name = chip.key + "-" + (slug(sensor.label).empty() ? sensor.id : slug(sensor.label));
    channel.device = {"hwmon-" + chip.key, chip.name};
    channel.domain = Domain::other;
    return channel;
  }

  Channel as_assigned(const HwmonChip& chip, const FoundSensor& sensor, const Assignment& assigned) const {
    auto channel = generic(chip, sensor);
    channel.domain = assigned.domain;
    const bool whole = assigned.domain == Domain::platform || assigned.domain == Domain::wall;
    if (whole) channel.device = roles_.host();
    if (!assigned.device.empty()) channel.device.id = assigned.device;
    return channel;
  }

  void make_unique(std::string& name) {
    const auto base = name;
    for (int i = 2; !names_.insert(name).second; ++i) name = base + "-" + std::to_string(i);
  }

  HwmonRoles roles_;
  std::vector<Assignment> assignments_;
  std::set<std::string> names_;
};

std::string listed(std::span<const HwmonChip> chips) {
  std::set<std::string> names;
  for (const auto& chip : chips) names.insert(chip.key);
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "no chip at all" : text;
}

Error nothing_found(const fs::path& folder, std::span<const HwmonChip> chips) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return {
        Errc::unavailable,
        folder.string() + " does not exist: this kernel, virtual machine or container shows no " + "hardware sensors"};
  return {Errc::unavailable, "none of the chips in " + folder.string() + " measures power or energy for this source (" +
                                 listed(chips) + "); where the firmware has a power meter: modprobe acpi_power_meter"};
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_hwmon(Options& options, const ProbeEnvironment& environment) {
  auto assignments = read_assignments(options);
  if (auto ok = options.finish(); !ok) return ok.error();
  const auto folder = environment.root / "sys" / "class" / "hwmon";
  const auto all = find_hwmon_chips(folder);
  auto chips = all;
  const bool jetson = is_jetson(environment.root);
  std::erase_if(chips, [&](const HwmonChip& chip) { return belongs_elsewhere(chip, jetson); });

  Assembly assembly(environment.root, chips, std::move(assignments));
  if (const auto* unmet = assembly.unmet())
    return Error{Errc::unavailable, unmet->place + ": no sensor of power " +
                                        (unmet->sensor.empty() ? "" : "`" + unmet->sensor + "` ") + "of a chip `" +
                                        unmet->chip + "` in " + folder.string() + " (there are " + listed(chips) + ")"};
  if (assembly.metered.empty()) return nothing_found(folder, all);
  return if_it_reads(
      std::make_unique<Hwmon>(std::move(assembly.metered), std::move(assembly.caps), *environment.clock));
}

}  // namespace ipw::probes::sources
