// Plugs that run Tasmota: GET /cm?cmnd=Status%2010 answers with watts and kilowatt-hours since the counter's start, one
// number or one a channel. Very old firmware shows them with Status 8 and under another name. The login, where one is
// set, stands in the query.
// Source: https://tasmota.github.io/docs/Commands (Status, EnergyRes, WebPassword) and /docs/Power-Monitoring.

#include "probes/http_endpoint.hpp"
#include "probes/sources/wall_meter.hpp"

namespace ipw::probes::sources {
namespace {

constexpr Watts kMostOfPlug{12e3};  // 16 A, 250 V, three phases
constexpr double kKilowattHour = 3.6e6;
// Decimals of a kilowatt-hour. By default there are three, 3600 J: far more than one query draws. Five are 36 J.
constexpr double kUsualDecimals = 3, kFineDecimals = 5;

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || std::string_view("-._~").find(c) != std::string_view::npos) {
      made += c;
    } else {
      made += '%';
      made += kDigits[byte >> 4U];
      made += kDigits[byte & 15U];
    }
  }
  return made;
}

// The answer to one command, which is given percent-encoded. Messages end before the query: it may hold a password.
Result<MeterAnswer> ask(HttpEndpoint& endpoint, const std::string& command) {
  const auto login = endpoint.login();
  if (!login) return login.error();
  auto path = "/cm?cmnd=" + command;
  if (!login->user.empty())
    path += "&user=" + percent_encoded(login->user) + "&password=" + percent_encoded(login->password);
  auto reply = endpoint.request({.path = path, .anonymous = true});
  if (!reply) return reply.error();
  if (reply->status != 200) return endpoint.refusal(path, *reply);
  auto answer = MeterAnswer::parse(endpoint.url() + "/cm", reply->body);
  // Some versions refuse so, with a status of 200.
  if (answer && answer->has("/WARNING")) return endpoint.refusal(path, {.status = 401, .headers = {}, .body = {}});
  return answer;
}

// Where the watts and kilowatt-hours stand. A counter that is too coarse to tell one query's energy is left out.
std::vector<MeterPoint> points_below(const MeterAnswer& answer, const std::string& at, bool fine) {
  const auto power = at + "/Power", total = at + "/Total";
  const auto channels = answer.size(power);
  if (channels == 0) return {{"the plug", power, fine && answer.has(total) ? total : "", kKilowattHour, "", ""}};
  const bool each_counts = fine && answer.size(total) == channels;
  std::vector<MeterPoint> points;
  for (std::size_t i = 0; i < channels; ++i) {
    const auto entry = "/" + std::to_string(i);
    points.push_back(
        {"Power " + std::to_string(i + 1), power + entry, each_counts ? total + entry : "", kKilowattHour, "", ""});
  }
  return points;
}

struct Found {
  std::string command;
  std::vector<MeterPoint> points;
};

Result<Found> find(HttpEndpoint& endpoint) {
  const auto resolution = ask(endpoint, "EnergyRes");
  if (!resolution) return resolution.error();
  const auto decimals = resolution->number("/EnergyRes", {0, 10});
  const bool fine = (decimals ? *decimals : kUsualDecimals) >= kFineDecimals;
  for (const char* command : {"Status%2010", "Status%208"}) {
    const auto answer = ask(endpoint, command);
    if (!answer) return answer.error();
    for (const char* at : {"/StatusSNS/ENERGY", "/StatusPWR"})
      if (answer->has(std::string(at) + "/Power")) return Found{command, points_below(*answer, at, fine)};
  }
  return Found{};
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_tasmota(Options& options, const ProbeEnvironment& environment) {
  auto opened = HttpEndpoint::open(options, "admin");
  const auto wall = WallOptions::from(options, environment);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (!opened) return opened.error();
  const auto endpoint = std::make_shared<HttpEndpoint>(std::move(*opened));

  auto found = find(*endpoint);
  if (!found) return Error{Errc::unavailable, found.error().message};
  auto points = wall.choose(endpoint->url(), std::move(found->points));
  if (!points) return points.error();
  return open_wall_meter(
      std::make_unique<WallMeter>([endpoint, command = found->command] { return ask(*endpoint, command); },
                                  std::move(*points), wall.channel(kMostOfPlug), *environment.clock));
}

}  // namespace ipw::probes::sources
