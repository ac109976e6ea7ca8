#include "probes/sources/prometheus_plan.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.hpp"
#include "probes/device_names.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kMostChannels = 64, kLongestId = 128, kLongestName = 48;
constexpr Seconds kReadEvery{1};
constexpr std::string_view kMachineLabels[] = {"instance", "node_name", "Hostname", "hostname", "node", "host"};

struct Candidate {
  std::size_t rule;
  std::string device;
  const PrometheusSample* sample;
};

Error invalid(std::string message) {
  return {Errc::invalid, std::move(message)};
}
Error unavailable(std::string message) {
  return {Errc::unavailable, std::move(message)};
}

// NVML writes `GPU-` before a UUID; some exporters do not.
bool is_bare_uuid(std::string_view id) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(id, kForm, [](char c, char form) {
    return form == '-' ? c == '-' : std::isxdigit(static_cast<unsigned char>(c)) != 0;
  });
}

std::optional<std::string> device_id(const PrometheusRule& rule, const PrometheusSample& sample) {
  const auto id = fill_template(rule.device, sample, 0);
  if (!id) return std::nullopt;
  if (rule.domain == Domain::gpu && is_bare_uuid(*id)) return "GPU-" + *id;
  return shortened(valid_utf8(*id), kLongestId);
}

Result<std::vector<Candidate>> find_candidates(std::span<const PrometheusSample> samples,
                                               std::span<const PrometheusRule> rules) {
  std::vector<Candidate> candidates;
  for (const auto& sample : samples) {
    const auto rule = std::ranges::find_if(rules, [&](const PrometheusRule& r) { return r.matches(sample); });
    if (rule == rules.end()) continue;
    const auto device = device_id(*rule, sample);
    if (!device && rule->exporter.empty())
      return invalid(sample.shown() + " has not every label of the device `" + rule->device + "`");
    if (device) candidates.push_back({static_cast<std::size_t>(rule - rules.begin()), *device, &sample});
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::rule);
  return candidates;
}

bool same_machine(const PrometheusSample& a, const PrometheusSample& b) {
  return std::ranges::all_of(kMachineLabels, [&](auto label) { return a.label(label) == b.label(label); });
}

// An exporter may speak for several machines, and their "cpu0" are not the same.
Result<void> check_one_machine(const std::vector<Candidate>& candidates) {
  for (const auto label : kMachineLabels) {
    std::set<std::string_view> machines;
    for (const auto& candidate : candidates) machines.insert(candidate.sample->label(label));
    machines.erase("");
    if (machines.size() < 2) continue;
    const auto first = shortened(valid_utf8(*machines.begin()), 60);
    const auto second = shortened(valid_utf8(*std::next(machines.begin())), 60);
    std::string message = "it shows " + std::to_string(machines.size()) + " machines (";
    message.append(label).append(" ").append(first).append(", ").append(second);
    message.append(machines.size() > 2 ? ", ..." : "").append("): narrow `series` to this one, by {");
    return invalid(message.append(label).append("=\"...\"}"));
  }
  return {};
}

Watts most_of(Domain domain) {
  switch (domain) {
    case Domain::gpu:
    case Domain::soc:
      return Watts{5e3};
    case Domain::module:
    case Domain::cpu_package:
    case Domain::cpu_core:
    case Domain::cpu_uncore:
    case Domain::dram:
      return Watts{10e3};
    default:
      return Watts{100e3};
  }
}

// Short, in lower case, without what parts names elsewhere.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : shortened(text, kLongestName)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.' || c == ':');
    name += plain ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return name.empty() ? "power" : name;
}

Channel channel_of(const PrometheusRule& rule, const Candidate& candidate, std::size_t number) {
  Channel channel;
  channel.name = plain_name(fill_template(rule.channel, *candidate.sample, number).value_or(rule.selector.name));
  const auto model = fill_template(rule.model, *candidate.sample, number);
  channel.device = {candidate.device, device_name(shortened(valid_utf8(model.value_or("")), kLongestId))};
  if (channel.device.name.empty()) channel.device.name = candidate.device;
  channel.domain = rule.domain;
  channel.max_power = most_of(rule.domain);
  channel.read_every = kReadEvery;
  return channel;
}

class Plan {
 public:
  explicit Plan(std::span<const PrometheusRule> rules) : rules_(rules) {}

  Result<void> add(const Candidate& candidate) {
    const auto& rule = rules_[candidate.rule];
    const PrometheusSeries series{rule, candidate.device, candidate.sample->labels};
    const auto same = std::ranges::find_if(channels, [&](const PrometheusChannel& c) {
      return c.channel.domain == rule.domain && c.channel.device.id == candidate.device;
    });
    if (same == channels.end()) {
      const auto number = static_cast<std::size_t>(std::ranges::count_if(channels, [&](const PrometheusChannel& c) {
        return c.channel.domain == rule.domain && c.series.rule.exporter == rule.exporter;
      }));
      channels.push_back({channel_of(rule, candidate, number), series, std::nullopt});
      return {};
    }
    const auto& first = same->series.rule;
    if (!first.repeats || !rule.repeats)
      return invalid("several series are for the same " + std::string(to_text(rule.domain)) + " of `" +
                     candidate.device + "` (" +
                     PrometheusSample{first.selector.name, same->series.labels, 0, {}}.shown() + ", " +
                     candidate.sample->shown() + "): narrow `series`, or tell them apart by `device: '{LABEL}'`");
    const bool same_sensor = first.exporter == rule.exporter && first.channel == rule.channel;
    if (same_sensor && first.unit.energy && !rule.unit.energy && !same->power) same->power = series;
    return {};
  }

  void make_names_unique() {
    std::set<std::string> taken;
    for (auto& [channel, series, power] : channels) {
      const auto name = channel.name;
      for (int i = 2; !taken.insert(channel.name).second; ++i) channel.name = name + "-" + std::to_string(i);
    }
  }

  std::vector<PrometheusChannel> channels;

 private:
  std::span<const PrometheusRule> rules_;
};

}  // namespace

Result<const PrometheusSample*> PrometheusSeries::find(std::span<const PrometheusSample> samples) const {
  const PrometheusSample old{rule.selector.name, labels, 0, {}};
  const PrometheusSample* other = nullptr;
  for (const auto& sample : samples) {
    if (sample.name != rule.selector.name) continue;
    if (sample.labels == labels) return &sample;
    if (!rule.matches(sample) || device_id(rule, sample) != device || !same_machine(old, sample)) continue;
    if (other != nullptr && !rule.repeats)
      return unavailable("its labels have changed, and several series fit now (" + other->shown() + ", " +
                         sample.shown() + ")");
    if (other == nullptr) other = &sample;
  }
  if (other == nullptr) return unavailable(old.shown() + " is not there any more");
  return other;
}

Result<std::vector<PrometheusChannel>> plan_prometheus_channels(std::span<const PrometheusSample> samples,
                                                                std::span<const PrometheusRule> rules) {
  const auto candidates = find_candidates(samples, rules);
  if (!candidates) return candidates.error();
  if (auto ok = check_one_machine(*candidates); !ok) return ok.error();
  Plan plan(rules);
  for (const auto& candidate : *candidates)
    if (auto ok = plan.add(candidate); !ok) return ok.error();
  if (plan.channels.empty()) return unavailable("it has none of the series that are looked for");
  if (plan.channels.size() > kMostChannels)
    return invalid(std::to_string(plan.channels.size()) + " series match, of at most " + std::to_string(kMostChannels) +
                   ": narrow `series`");
  plan.make_names_unique();
  return std::move(plan.channels);
}

}  // namespace ipw::probes::sources
