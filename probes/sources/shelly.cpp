// Shelly plugs and meters. The first generation answers GET /status with `meters` (plugs: watts and watt-minutes) or
// `emeters` (clamps: watts and watt-hours), behind HTTP basic authentication; later ones answer GET
// /rpc/Shelly.GetStatus with a map of components (`switch:0`, `pm1:0`, `em:0` with `emdata:0`, ...: watts and
// watt-hours), behind a digest with SHA-256. GET /shelly tells which it is, and needs no login.
// Source: https://shelly-api-docs.shelly.cloud (gen1, gen2: components and services, authentication).

#include <algorithm>
#include <charconv>
#include <tuple>

#include "probes/http_endpoint.hpp"
#include "probes/sources/wall_meter.hpp"

namespace ipw::probes::sources {
namespace {

constexpr double kWattMinute = 60, kWattHour = 3600;
constexpr Watts kMostOfPlug{12e3};    // 16 A, 250 V, three phases
constexpr Watts kMostOfClamps{90e3};  // 120 A, 250 V, three phases

struct Generation {
  const char* path;
  bool first;
};

Result<MeterAnswer> ask(HttpEndpoint& endpoint, const std::string& path) {
  const auto body = endpoint.get(path);
  if (!body) return body.error();
  return MeterAnswer::parse(endpoint.url() + path, *body);
}

Result<Generation> generation(HttpEndpoint& endpoint) {
  const auto answer = ask(endpoint, "/shelly");
  if (!answer) return answer.error();
  if (answer->has("/gen")) {
    const auto number = answer->number("/gen", {1, 100});
    if (!number) return number.error();
    if (*number >= 2) return Generation{"/rpc/Shelly.GetStatus", false};
    return Generation{"/status", true};
  }
  if (answer->text("/type")) return Generation{"/status", true};
  return Error{Errc::unavailable, answer->where() + ": this is no Shelly"};
}

std::vector<MeterPoint> first_generation(const MeterAnswer& status) {
  // A clamp meter shows an empty relay's `meters` as well.
  const std::string kind = status.size("/emeters") > 0 ? "emeters" : "meters";
  const double unit = kind == "emeters" ? kWattHour : kWattMinute;
  std::vector<MeterPoint> points;
  for (std::size_t i = 0; i < status.size("/" + kind); ++i) {
    const auto at = "/" + kind + "/" + std::to_string(i);
    // A relay without a meter shows a power that its owner typed in, and no total.
    if (status.has(at + "/total"))
      points.push_back({kind + " " + std::to_string(i), at + "/power", at + "/total", unit, at + "/is_valid", ""});
  }
  return points;
}

// `switch:12` is {"switch", 12}.
std::optional<std::pair<std::string, int>> component(const std::string& key) {
  const auto colon = key.find(':');
  if (colon == std::string::npos) return std::nullopt;
  int id = 0;
  const auto [end, error] = std::from_chars(key.data() + colon + 1, key.data() + key.size(), id);
  if (error != std::errc{} || end != key.data() + key.size()) return std::nullopt;
  return std::pair(key.substr(0, colon), id);
}

std::vector<MeterPoint> later_generation(const MeterAnswer& status) {
  std::vector<std::pair<std::pair<std::string, int>, MeterPoint>> found;
  for (const auto& key : status.keys("")) {
    const auto id = component(key);
    if (!id || key.find_first_of("/~") != std::string::npos) continue;
    const auto at = "/" + key, data = "/" + id->first + "data:" + std::to_string(id->second);
    MeterPoint point{key, at + "/apower", at + "/aenergy/total", kWattHour, "", at + "/errors"};
    if (id->first == "em") {
      point.power = at + "/total_act_power";
      point.energy = data + "/total_act";
    } else if (id->first == "em1") {
      point.power = at + "/act_power";
      point.energy = data + "/total_act_energy";
    }
    if (!status.has(point.energy)) point.energy.clear();
    if (status.has(point.power) || !point.energy.empty()) found.emplace_back(*id, std::move(point));
  }
  std::ranges::sort(found, {}, [](const auto& entry) { return entry.first; });
  std::vector<MeterPoint> points;
  points.reserve(found.size());
  for (auto& entry : found) points.push_back(std::move(entry.second));
  return points;
}

bool has_clamps(const std::vector<MeterPoint>& points) {
  return std::ranges::any_of(points, [](const MeterPoint& p) { return p.name.starts_with("em"); });
}

Error unopened(const Error& why) {
  return {Errc::unavailable, why.message};
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_shelly(Options& options, const ProbeEnvironment& environment) {
  auto opened = HttpEndpoint::open(options, "admin");
  const auto wall = WallOptions::from(options, environment);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (!opened) return opened.error();
  const auto endpoint = std::make_shared<HttpEndpoint>(std::move(*opened));

  const auto made = generation(*endpoint);
  if (!made) return unopened(made.error());
  const auto status = ask(*endpoint, made->path);
  if (!status) return unopened(status.error());
  auto points = wall.choose(endpoint->url(), made->first ? first_generation(*status) : later_generation(*status));
  if (!points) return points.error();
  auto channel = wall.channel(has_clamps(*points) ? kMostOfClamps : kMostOfPlug);
  return open_wall_meter(std::make_unique<WallMeter>([endpoint, path = made->path] { return ask(*endpoint, path); },
                                                     std::move(*points), std::move(channel), *environment.clock));
}

}  // namespace ipw::probes::sources
