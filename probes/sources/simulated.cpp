// Power that is known exactly, for demos and tests: constant, in steps that repeat, or following the load of the demo
// server (its GET /load). The counter is the integral in closed form, so that the truth does not depend on sampling.

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "probes/power_source.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kLongestAnswer = 65536;
constexpr Watts kMostSimulated{100e3};

// What drives the simulated power. energy() is called with stamps that do not go back; the answer's stamp may be later.
class Load {
 public:
  virtual ~Load() = default;
  virtual Result<StampedReading> energy() = 0;
};

struct PowerStep {
  Seconds length;
  Watts power;
};

// One or more steps, over and over.
class Steps final : public Load {
 public:
  Steps(std::vector<PowerStep> steps, const Clock& clock)
      : steps_(std::move(steps)), clock_(clock), began_(clock.now()) {
    for (const auto& step : steps_) {
      round_ += step.length;
      per_round_ += step.power * step.length;
    }
  }

  Result<StampedReading> energy() override {
    const auto at = clock_.now();
    const auto elapsed = between(began_, at);
    const double rounds = std::floor(elapsed / round_);
    Joules total = per_round_ * rounds;
    Seconds left = elapsed - round_ * rounds;
    for (const auto& step : steps_) {
      const auto spent = std::clamp(left, Seconds{0}, step.length);
      total += step.power * spent;
      left -= spent;
    }
    shown_ = std::max(shown_, total);  // the last digit may differ between the end of a round and the start of the next
    return StampedReading{at, shown_};
  }

 private:
  std::vector<PowerStep> steps_;
  const Clock& clock_;
  MonoTime began_;
  Joules shown_{0};
  Seconds round_{0};
  Joules per_round_{0};
};

// http://HOST[:PORT]/PATH
struct LoadUrl {
  std::string origin, path;
};

std::optional<LoadUrl> parse_load_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  const auto slash = url.find('/', kScheme.size());
  if (slash == std::string::npos || slash == kScheme.size()) return std::nullopt;
  const auto colon = url.find(':', url.find(']', kScheme.size()) < slash ? url.find(']') : kScheme.size());
  if (colon < slash) {
    int port = 0;
    const auto [rest, error] = std::from_chars(url.data() + colon + 1, url.data() + slash, port);
    if (error != std::errc{} || rest != url.data() + slash || port < 1 || port > 65535) return std::nullopt;
  }
  return LoadUrl{url.substr(0, slash), url.substr(slash)};
}

// The number on the line `NAME NUMBER` of `text`.
std::optional<double> number_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ' ') continue;
    const auto number = trim(line.substr(name.size()));
    double value = 0;
    const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc{} && rest == number.data() + number.size() && std::isfinite(value) && value >= 0)
      return value;
  }
  return std::nullopt;
}

// Idle power, and more for every query that a server answers, as its load URL tells.
class ServerLoad final : public Load {
 public:
  ServerLoad(const LoadUrl& url, Watts idle, Watts per_query, const Clock& clock)
      : url_(url.origin + url.path),
        path_(url.path),
        client_(url.origin),
        idle_(idle),
        per_query_(per_query),
        clock_(clock) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_connection_timeout(1);
    client_.set_read_timeout(1);
    client_.set_write_timeout(1);
  }

  Result<StampedReading> energy() override {
    const auto before = clock_.now();
    std::string answer;
    const auto result = client_.Get(path_, [&](const char* data, std::size_t size) {
      answer.append(data, size);
      return answer.size() <= kLongestAnswer;
    });
    const auto at = before + (clock_.now() - before) / 2;
    if (!result) return Error{Errc::unavailable, url_ + ": no answer: " + httplib::to_string(result.error())};
    if (result->status != 200)
      return Error{Errc::unavailable, url_ + ": answered with status " + std::to_string(result->status)};
    const auto query_seconds = number_of(answer, "query_seconds");
    if (!query_seconds) return Error{Errc::invalid, url_ + ": the answer has no line `query_seconds NUMBER`"};

    // A server that began anew counts from 0. Our counter does too, so that the meter sees it fall: a reset.
    if (!began_ || *query_seconds < last_) began_ = at;
    last_ = *query_seconds;
    return StampedReading{at, idle_ * between(*began_, at) + per_query_ * Seconds{*query_seconds}};
  }

 private:
  std::string url_, path_;
  httplib::Client client_;
  Watts idle_, per_query_;
  const Clock& clock_;
  std::optional<MonoTime> began_;
  double last_{0};
};

class Simulated final : public PowerSource {
 public:
  Simulated(Channel channel, std::unique_ptr<Load> load) : channel_(std::move(channel)), load_(std::move(load)) {}

  std::span<const Channel> channels() const override { return {&channel_, 1}; }
  std::vector<Result<StampedReading>> read() override { return {load_->energy()}; }

 private:
  Channel channel_;
  std::unique_ptr<Load> load_;
};

constexpr Range<double> kWatts{0, kMostSimulated.value};

Domain domain_option(Options& options) {
  constexpr Domain kDomains[] = {Domain::gpu,  Domain::soc,      Domain::cpu_package,
                                 Domain::dram, Domain::platform, Domain::wall};
  std::vector<std::string_view> names;
  for (const auto domain : kDomains) names.push_back(to_text(domain));
  const auto chosen = options.one_of("domain", "gpu", names);
  for (const auto domain : kDomains)
    if (to_text(domain) == chosen) return domain;
  return Domain::gpu;
}

// The id under which other sources would show the same device, so that channels find their place in the machine.
std::string device_id(Domain domain, const std::string& name) {
  switch (domain) {
    case Domain::cpu_package:
    case Domain::dram:
      return "cpu0";
    case Domain::platform:
    case Domain::wall:
      return "host";
    default:
      return name;
  }
}

Channel channel_option(Options& options) {
  Channel channel;
  channel.name = options.text("name", "sim0");
  if (channel.name.empty() || channel.name == "auto" || channel.name.find('/') != std::string::npos)
    options.fail("name", "a channel's name is not empty, not `auto`, and has no `/`");
  channel.domain = domain_option(options);
  channel.device = {device_id(channel.domain, channel.name), options.text("device", "simulated accelerator")};
  channel.quality = Quality::simulated;
  channel.max_power = kMostSimulated;
  return channel;
}

std::vector<PowerStep> steps_option(Options& options) {
  std::vector<PowerStep> steps;
  for (auto& item : options.children("steps")) {
    if (!item.has("for") || !item.has("watts")) item.fail({}, "a step is {for: DURATION, watts: NUMBER}");
    steps.push_back({item.duration("for", Seconds{1}, {1e-3, 1e6}), Watts{item.number("watts", 0, kWatts)}});
  }
  return steps;
}

std::unique_ptr<Load> load_option(Options& options, const Clock& clock) {
  const int kinds = options.has("watts") + options.has("steps") + options.has("load_url");
  if (kinds != 1)
    options.fail({}, "give exactly one of `watts`, `steps` and `load_url`: what the simulated power follows");
  if (options.has("watts")) {
    const Watts watts{options.number("watts", 0, kWatts)};
    return std::make_unique<Steps>(std::vector<PowerStep>{{Seconds{1}, watts}}, clock);
  }
  if (options.has("steps")) {
    auto steps = steps_option(options);
    if (steps.empty()) options.fail("steps", "`steps` is empty");
    return std::make_unique<Steps>(std::move(steps), clock);
  }
  const auto url = parse_load_url(options.text("load_url", ""));
  const Watts idle{options.number("idle_watts", 0, kWatts)}, per_query{options.number("watts_per_query", 0, kWatts)};
  if (!url) {
    options.fail("load_url", "expected http://HOST:PORT/PATH");
    return nullptr;
  }
  return std::make_unique<ServerLoad>(*url, idle, per_query, clock);
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_simulated(Options& options, const ProbeEnvironment& environment) {
  auto channel = channel_option(options);
  auto load = load_option(options, *environment.clock);
  if (auto ok = options.finish(); !ok) return ok.error();
  const auto first = load->energy();
  if (!first) return Error{Errc::unavailable, first.error().message};
  return std::make_unique<Simulated>(std::move(channel), std::move(load));
}

}  // namespace ipw::probes::sources
