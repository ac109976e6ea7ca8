// What another exporter measures, read from its metrics page, so that a locked-down node can reuse what it has:
//
//   {type: prometheus, url: http://node:9400/metrics}        the series of the exporters that are known
//   {type: prometheus, url: ..., series: 'pdu_outlet_watts{outlet="7"}', unit: W, domain: wall}
//
// url and the like   HttpEndpoint; a query is kept (http://host:9290/ipmi?target=bmc)
// series             one selector or a list of them (prometheus_selector.hpp)
// unit               J mJ uJ Wh kWh: a counter; W mW uW: power. Needed where the series is not a known one
// domain             as `probes` shows them; `other` unless the series is known
// device             the device's id, `{LABEL}` in it standing for that label's value: 'rack7-{outlet}'. Not given: the
//                    known series' own, "host" for platform and wall, "cpu0" for CPUs and memory, else the channel's
//                    name
// name               the channel's, a template too
//
// An explicit time in the text is the reading's stamp where the exporter's clock seems to be ours.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/prometheus_text.hpp"
#include "base/text.hpp"
#include "probes/http_endpoint.hpp"
#include "probes/sources/prometheus_plan.hpp"

namespace ipw::probes::sources {
namespace {

// No counter has seen this much: 100 kW for 30 years. What stands for "no value" is beyond it (DCGM's 2^63 - 14).
constexpr Joules kMostJoules{1e14};
constexpr Seconds kFresh{60}, kSameClock{86400};
constexpr std::size_t kMostSelectors = 64;

constexpr Domain kDomains[] = {Domain::gpu,      Domain::soc,        Domain::module, Domain::cpu_package,
                               Domain::cpu_core, Domain::cpu_uncore, Domain::dram,   Domain::platform,
                               Domain::wall,     Domain::other};

std::string shown(double value, std::string_view unit) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g ", value);
  return text + std::string(unit);
}

using Names = std::set<std::string, std::less<>>;

// An exporter's page at one instant.
struct Page {
  std::vector<PrometheusSample> samples;
  MonoTime asked, answered;
  double wall_time;  // of `answered`, Unix seconds
};

Result<Page> ask(HttpEndpoint& endpoint, const Names& wanted, const Clock& clock) {
  const auto asked = clock.now();
  const auto text = endpoint.get("");
  const auto answered = clock.now();
  if (!text) return text.error();
  auto samples = parse_prometheus_text(*text, [&](std::string_view name) { return wanted.contains(name); });
  if (!samples) return Error{samples.error().code, endpoint.url() + ": " + samples.error().message};
  const std::chrono::duration<double> wall = std::chrono::system_clock::now().time_since_epoch();
  return Page{std::move(*samples), asked, answered, wall.count()};
}

Result<MonoTime> stamp_of(const PrometheusSample& sample, const Page& page) {
  const auto middle = page.asked + (page.answered - page.asked) / 2;
  if (!sample.stamp) return middle;
  const Seconds age{page.wall_time - *sample.stamp};
  if (age < Seconds{0} || age > kSameClock) return middle;
  if (age > kFresh) return Error{Errc::unavailable, sample.shown() + " is old: " + shown(std::round(age.value), "s")};
  return page.answered - to_chrono(age);
}

Result<Reading> value_of(const PrometheusSample& sample, const PrometheusUnit& unit, const Channel& channel) {
  const auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid, sample.shown() + " is " + shown(sample.value, unit.name) + std::string(why)};
  };
  const double value = sample.value * unit.factor;
  if (!std::isfinite(value)) return wrong(": not a value");
  if (value < 0) return wrong(": it cannot be negative");
  if (unit.energy && Joules{value} > kMostJoules) return wrong(": no counter of energy gets there");
  if (unit.energy) return Joules{value};
  if (Watts{value} > *channel.max_power) return wrong(": more than " + shown(channel.max_power->value, "W"));
  if (value == 0 && channel.domain == Domain::platform)
    return wrong(": a machine that runs draws more, the sensor fails");
  return Watts{value};
}

class PrometheusSource final : public PowerSource {
 public:
  PrometheusSource(HttpEndpoint endpoint, std::vector<PrometheusChannel> planned, const Clock& clock)
      : endpoint_(std::move(endpoint)), planned_(std::move(planned)), clock_(clock), last_(planned_.size()) {
    for (const auto& [channel, series, power] : planned_) {
      channels_.push_back(channel);
      wanted_.insert(series.rule.selector.name);
      if (power) wanted_.insert(power->rule.selector.name);
    }
  }

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    const auto page = ask(endpoint_, wanted_, clock_);
    if (!page) return std::vector<Result<StampedReading>>(channels_.size(), page.error());
    std::vector<Result<StampedReading>> readings;
    readings.reserve(channels_.size());
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      auto reading = read(planned_[i], *page);
      if (reading)
        last_[i] = reading->at = std::max(reading->at, last_[i]);
      else
        reading = Error{reading.error().code, endpoint_.url() + ": " + reading.error().message};
      readings.push_back(std::move(reading));
    }
    return readings;
  }

 private:
  static Result<StampedReading> read(const PrometheusChannel& planned, const Page& page) {
    auto reading = read(planned.series, planned.channel, page);
    if (!reading || !planned.power) return reading;
    const auto power = read(*planned.power, planned.channel, page);
    if (power) reading->power = {power->at, std::get<Watts>(power->value)};
    return reading;
  }
  static Result<StampedReading> read(const PrometheusSeries& series, const Channel& channel, const Page& page) {
    const auto sample = series.find(page.samples);
    if (!sample) return sample.error();
    const auto value = value_of(**sample, series.rule.unit, channel);
    if (!value) return value.error();
    const auto at = stamp_of(**sample, page);
    if (!at) return at.error();
    return StampedReading{*at, *value};
  }

  HttpEndpoint endpoint_;
  std::vector<PrometheusChannel> planned_;
  std::vector<Channel> channels_;
  Names wanted_;
  const Clock& clock_;
  std::vector<MonoTime> last_;
};

// What the options say of the series that they name.
struct Told {
  std::vector<PrometheusSelector> selectors;
  std::optional<PrometheusUnit> unit;
  std::optional<Domain> domain;
  std::string device, name;
};

std::string template_option(Options& options, std::string_view key) {
  auto text = options.text(key, "");
  if (!options.has(key)) return text;
  bool open = false, wrong = text.empty();
  for (const char c : text) {
    wrong = wrong || (c == '{' && open) || (c == '}' && !open);
    if (c == '{' || c == '}') open = c == '{';
  }
  if (wrong || open || text.find("{}") != std::string::npos)
    options.fail(key, "expected a text, with labels as {LABEL}, got `" + text + "`");
  return text;
}

Told read_options(Options& options) {
  Told told;
  for (const auto& text : options.texts("series", {})) {
    auto selector = parse_prometheus_selector(text);
    if (selector)
      told.selectors.push_back(std::move(*selector));
    else
      options.fail("series", selector.error().message);
  }
  if (told.selectors.size() > kMostSelectors) options.fail("series", "more than 64 selectors");
  if (options.has("unit")) {
    const auto name = options.text("unit", "");
    told.unit = find_prometheus_unit(name);
    if (!told.unit)
      options.fail("unit", "unknown unit `" + name + "` (accepted: " + std::string(prometheus_units()) + ")");
  }
  if (options.has("domain")) {
    std::vector<std::string_view> names;
    for (const auto domain : kDomains) names.push_back(to_text(domain));
    const auto name = options.one_of("domain", "other", names);
    for (const auto domain : kDomains)
      if (to_text(domain) == name) told.domain = domain;
  }
  told.device = template_option(options, "device");
  told.name = template_option(options, "name");
  if (told.name == "auto" || told.name.find('/') != std::string::npos)
    options.fail("name", "a channel's name is not `auto` and has no `/`");
  for (const char* key : {"unit", "domain", "device", "name"})
    if (options.has(key) && !options.has("series"))
      options.fail(key, "`" + std::string(key) + "` tells of `series`, which is not given");
  return told;
}

std::string usual_device(Domain domain, const std::string& name) {
  switch (domain) {
    case Domain::platform:
    case Domain::wall:
      return "host";
    case Domain::cpu_package:
    case Domain::cpu_core:
    case Domain::cpu_uncore:
    case Domain::dram:
      return "cpu0";
    default:
      return name;
  }
}

// A series of which nothing is known but what the options say.
PrometheusRule own_rule(const PrometheusSelector& selector, const Told& told) {
  PrometheusRule rule;
  rule.selector = selector;
  rule.unit = *told.unit;
  rule.domain = told.domain.value_or(Domain::other);
  rule.channel = told.name.empty() ? selector.name : told.name;
  rule.device = usual_device(rule.domain, rule.channel);
  rule.model = selector.name;
  rule.repeats = false;
  return rule;
}

std::vector<PrometheusRule> rules_for(const Told& told, Options& options) {
  if (told.selectors.empty()) return known_prometheus_rules();
  std::vector<PrometheusRule> rules;
  for (const auto& selector : told.selectors) {
    const auto before = rules.size();
    for (auto& rule : known_prometheus_rules()) {
      if (rule.selector.name != selector.name) continue;
      rule.without.clear();
      rule.selector.matchers.insert(rule.selector.matchers.end(), selector.matchers.begin(), selector.matchers.end());
      rules.push_back(std::move(rule));
    }
    if (rules.size() > before) continue;
    if (told.unit)
      rules.push_back(own_rule(selector, told));
    else if (!options.has("unit"))
      options.fail({}, "`" + selector.name + "` is not a known series: say its `unit` (" +
                           std::string(prometheus_units()) + ")");
  }
  for (auto& rule : rules) {
    if (told.unit) rule.unit = *told.unit;
    if (told.domain) rule.domain = *told.domain;
    if (!told.device.empty()) rule.device = told.device;
    if (!told.name.empty()) rule.channel = told.name;
  }
  return rules;
}

std::string looked_for(const Told& told, const std::vector<PrometheusRule>& rules) {
  if (told.selectors.empty())
    return " (looked for those of " + known_prometheus_exporters() + "; name others by `series`)";
  std::set<std::string_view> names;
  for (const auto& rule : rules) names.insert(rule.selector.name);
  const std::vector<std::string_view> list(names.begin(), names.end());
  return " (looked for " + join(list, ", ") + ")";
}

}  // namespace

Result<std::unique_ptr<PowerSource>> open_prometheus(Options& options, const ProbeEnvironment& environment) {
  auto endpoint = HttpEndpoint::open(options);
  const auto told = read_options(options);
  const auto rules = rules_for(told, options);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (!endpoint) return endpoint.error();

  Names wanted;
  for (const auto& rule : rules) wanted.insert(rule.selector.name);
  const auto page = ask(*endpoint, wanted, *environment.clock);
  if (!page) return Error{Errc::unavailable, page.error().message};
  auto planned = plan_prometheus_channels(page->samples, rules);
  if (!planned)
    return Error{Errc::unavailable, endpoint->url() + ": " + planned.error().message + looked_for(told, rules)};
  return std::make_unique<PrometheusSource>(std::move(*endpoint), std::move(*planned), *environment.clock);
}

}  // namespace ipw::probes::sources
