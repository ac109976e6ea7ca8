#include "probes/sources/redfish_chassis.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kMostMembers = 64;
constexpr std::size_t kLongestName = 60;

std::string link_of(const MeterAnswer& answer, const std::string& pointer) {
  return redfish_path(answer.text(pointer + "/@odata.id").value_or(""));
}

std::vector<std::string> members_of(const MeterAnswer& collection) {
  std::vector<std::string> paths;
  const auto count = std::min(collection.size("/Members"), kMostMembers);
  for (std::size_t i = 0; i < count; ++i)
    if (auto path = link_of(collection, "/Members/" + std::to_string(i)); !path.empty()) paths.push_back(path);
  return paths;
}

std::string words(const MeterAnswer& answer, const std::string& pointer) {
  return shortened(valid_utf8(trim(answer.text(pointer).value_or(""))), kLongestName);
}

class Finder {
 public:
  explicit Finder(RedfishService& service) : service_(service) {}

  Result<std::vector<RedfishChassis>> all() {
    const auto collection = service_.get("/redfish/v1/Chassis");
    if (!collection) return Error{Errc::unavailable, collection.error().message};
    std::vector<RedfishChassis> found;
    for (const auto& path : members_of(*collection)) {
      const auto chassis = get(path);
      if (stopped_) return *stopped_;
      if (!chassis) continue;
      RedfishChassis made{words(*chassis, "/Id"), words(*chassis, "/ChassisType"), model(*chassis), {}, {}};
      if (made.id.empty()) made.id = path.substr(path.find_last_of('/') + 1);
      find_power(*chassis, made);
      if (stopped_) return *stopped_;
      if (!made.power.empty()) found.push_back(std::move(made));
    }
    if (!found.empty()) return found;
    return Error{Errc::unavailable, service_.url() + ": none of its chassis shows its power" +
                                        (complaint_.empty() ? "" : " (" + complaint_ + ")")};
  }

 private:
  // What is wrong with one resource is no reason to give up; a service that does not answer is.
  std::optional<MeterAnswer> get(const std::string& path) {
    if (path.empty() || stopped_) return std::nullopt;
    auto answer = service_.get(path);
    if (answer) return std::move(*answer);
    if (!service_.answers()) stopped_ = answer.error();
    complaint_ = answer.error().message;
    return std::nullopt;
  }

  static std::string model(const MeterAnswer& chassis) {
    const auto maker = words(chassis, "/Manufacturer"), name = words(chassis, "/Model");
    return name.empty() || maker.empty() || name.starts_with(maker) ? name : maker + " " + name;
  }

  void find_power(const MeterAnswer& chassis, RedfishChassis& made) {
    from_environment(link_of(chassis, "/EnvironmentMetrics"), made);
    if (made.power.empty()) from_supplies(link_of(chassis, "/PowerSubsystem"), made);
    if (made.power.empty()) from_power_control(link_of(chassis, "/Power"), made);
  }

  void from_environment(const std::string& path, RedfishChassis& made) {
    const auto metrics = get(path);
    if (!metrics || !metrics->has("/PowerWatts/Reading")) return;
    made.power = {{path, {"/PowerWatts/Reading"}}};
    // EnergykWh is left out: its steps are of kilojoules.
    if (metrics->has("/EnergyJoules/Reading")) made.energy = "/EnergyJoules/Reading";
  }

  void from_supplies(const std::string& path, RedfishChassis& made) {
    const auto subsystem = get(path);
    const auto supplies = subsystem ? get(link_of(*subsystem, "/PowerSupplies")) : std::nullopt;
    if (!supplies) return;
    std::vector<RedfishNumbers> power;
    for (const auto& member : members_of(*supplies)) {
      const auto supply = get(member);
      if (!supply) return;  // part of the power is no answer
      if (supply->text("/Status/State") == "Absent") continue;
      const auto at = link_of(*supply, "/Metrics");
      const auto metrics = get(at);
      if (!metrics || !metrics->has("/InputPowerWatts/Reading")) return;
      power.push_back({at, {"/InputPowerWatts/Reading"}});
    }
    made.power = std::move(power);
  }

  // PowerControl may list the machine, its parts, or both. Parts are added up only when they are all there is and each
  // is another one.
  void from_power_control(const std::string& path, RedfishChassis& made) {
    const auto legacy = get(path);
    if (!legacy) return;
    std::vector<std::string> parts;
    std::set<std::string> contexts;
    const auto count = std::min(legacy->size("/PowerControl"), kMostMembers);
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = "/PowerControl/" + std::to_string(i), number = at + "/PowerConsumedWatts";
      if (!legacy->has(number)) continue;
      const auto context = legacy->text(at + "/PhysicalContext").value_or("Chassis");
      const bool whole = context == "Chassis" || context == "PowerSupply" || context == "PowerSubsystem";
      if (whole) {
        made.power = {{path, {number}}};
        return;
      }
      if (contexts.insert(context).second) parts.push_back(number);
    }
    if (!parts.empty()) made.power = {{path, std::move(parts)}};
  }

  RedfishService& service_;
  std::optional<Error> stopped_;
  std::string complaint_;
};

bool is_part(const RedfishChassis& chassis) {
  constexpr std::string_view kParts[] = {"Component", "Module", "Card", "Cartridge", "Expansion"};
  return std::ranges::find(kParts, chassis.type) != std::end(kParts);
}

}  // namespace

Result<std::vector<RedfishChassis>> find_redfish_chassis(RedfishService& service) {
  return Finder(service).all();
}

Result<RedfishChassis> choose_redfish_chassis(const std::vector<RedfishChassis>& found, const std::string& wanted,
                                              const std::string& place) {
  std::string list;
  const RedfishChassis* meant = nullptr;
  int candidates = 0;
  for (const auto& chassis : found) {
    list += (list.empty() ? "" : ", ") + chassis.id + (chassis.type.empty() ? "" : " (" + chassis.type + ")");
    if (!wanted.empty() && chassis.id == wanted) return chassis;
    if (found.size() > 1 && is_part(chassis)) continue;
    meant = &chassis;
    ++candidates;
  }
  if (!wanted.empty()) return Error{Errc::invalid, place + ": no chassis `" + wanted + "` shows its power: " + list};
  if (candidates == 1) return *meant;
  return Error{Errc::invalid, place + ": several chassis show their power: set `chassis` to one of " + list};
}

}  // namespace ipw::probes::sources
