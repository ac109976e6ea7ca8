#include "probes/sources/prometheus_series.hpp"

#include <algorithm>
#include <array>

namespace ipw::probes::sources {
namespace {

constexpr PrometheusUnit kJoules{"J", true, 1}, kMillijoules{"mJ", true, 1e-3}, kMicrojoules{"uJ", true, 1e-6},
    kWatts{"W", false, 1};
constexpr std::array kUnits{kJoules,
                            kMillijoules,
                            kMicrojoules,
                            PrometheusUnit{"Wh", true, 3600},
                            PrometheusUnit{"kWh", true, 3.6e6},
                            kWatts,
                            PrometheusUnit{"mW", false, 1e-3},
                            PrometheusUnit{"uW", false, 1e-6}};

// What a series is about; templates as in PrometheusRule.
struct About {
  Domain domain;
  std::string_view device, channel, model;
};
constexpr About kDcgm{Domain::gpu, "{UUID}", "gpu{gpu}|gpu{#}", "{modelName}|NVIDIA GPU"};
constexpr About kNvidiaSmi{Domain::gpu, "{uuid}", "gpu{#}", "NVIDIA GPU"};
constexpr About kKeplerGpu{Domain::gpu, "{gpu_uuid}", "gpu{gpu}|gpu{#}", "{gpu_name}|GPU"};
constexpr About kAllSmi{Domain::gpu, "{gpu_uuid}|{uuid}", "gpu{gpu_index}|gpu{index}|gpu{#}", "{gpu}|GPU"};
constexpr About kRocm{Domain::gpu, "{serial_number}|{gpu_uuid}|gpu{gpu_id}", "gpu{gpu_id}|gpu{#}",
                      "{card_series}|{card_model}|AMD GPU"};
constexpr About kPackage{Domain::cpu_package, "cpu{index}", "package-{index}", "CPU"};
constexpr About kCore{Domain::cpu_core, "cpu{index}", "core-{index}", "CPU"};
constexpr About kUncore{Domain::cpu_uncore, "cpu{index}", "uncore-{index}", "CPU"};
constexpr About kDram{Domain::dram, "cpu{index}", "dram-{index}", "CPU"};
constexpr About kAllPackages{Domain::cpu_package, "cpu0", "package", "CPU"};  // the sockets added to one figure
constexpr About kAllCores{Domain::cpu_core, "cpu0", "core", "CPU"};
constexpr About kAllUncores{Domain::cpu_uncore, "cpu0", "uncore", "CPU"};
constexpr About kAllDram{Domain::dram, "cpu0", "dram", "CPU"};
constexpr About kPsys{Domain::platform, "host", "psys", "CPU"};
constexpr About kAcpi{Domain::platform, "host", "acpi-{sensor}", "ACPI power meter"};
constexpr About kDcmi{Domain::platform, "host", "dcmi", "BMC"};
constexpr About kChip{Domain::other, "{chip}-{sensor}", "{chip}-{sensor}", "{chip}"};
constexpr About kZeusGpu{Domain::gpu, "gpu{index}", "gpu{index}", "GPU"};

struct Where {
  std::string_view label{}, value{};
};

struct Row {
  std::string_view exporter, metric;
  PrometheusUnit unit;
  About about;
  Where where{};  // with this label: to be this; `*value`: to have this in it
};

constexpr std::string_view kAmd = "ROCm device-metrics-exporter";
constexpr std::string_view kKeplerCpu = "kepler_node_cpu_joules_total", kRapl = "node_rapl_joules_total";
constexpr std::string_view kAllSmiEnergy = "all_smi_energy_consumed_joules_total";
constexpr std::string_view kHwmonAverage = "node_hwmon_power_average_watt";

// Source: the exporters' own documentation and test data of 2023 to 2026. DCGM exporter repeats a board's figures for
// each of its MIG slices and each pod; nvidia_gpu_exporter leaves the `GPU-` of a UUID out; of ROCm only the first
// partition of a board has sensors, and the others' are shown as 0. Not here: series that may be a part or the whole of
// the machine, series that a push gateway goes on showing when nobody pushes, and those of processes.
constexpr Row kRows[] = {
    {"DCGM exporter", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", kMillijoules, kDcgm},
    {"DCGM exporter", "DCGM_FI_DEV_POWER_USAGE_INSTANT", kWatts, kDcgm},
    {"DCGM exporter", "DCGM_FI_DEV_POWER_USAGE", kWatts, kDcgm},
    {"nvidia_gpu_exporter", "nvidia_smi_energy_joules_total", kJoules, kNvidiaSmi},
    {"nvidia_gpu_exporter", "nvidia_smi_power_draw_instant_watts", kWatts, kNvidiaSmi},
    {"nvidia_gpu_exporter", "nvidia_smi_power_draw_watts", kWatts, kNvidiaSmi},
    {"Kepler", "kepler_node_gpu_joules_total", kJoules, kKeplerGpu},
    {"Kepler", kKeplerCpu, kJoules, kAllPackages, {"zone", "package"}},
    {"Kepler", kKeplerCpu, kJoules, kAllCores, {"zone", "core"}},
    {"Kepler", kKeplerCpu, kJoules, kAllUncores, {"zone", "uncore"}},
    {"Kepler", kKeplerCpu, kJoules, kAllDram, {"zone", "dram"}},
    {"Kepler", kKeplerCpu, kJoules, kPsys, {"zone", "psys"}},
    {"node_exporter", "node_rapl_package_joules_total", kJoules, kPackage},
    {"node_exporter", "node_rapl_core_joules_total", kJoules, kCore},
    {"node_exporter", "node_rapl_uncore_joules_total", kJoules, kUncore},
    {"node_exporter", "node_rapl_dram_joules_total", kJoules, kDram},
    {"node_exporter", "node_rapl_psys_joules_total", kJoules, kPsys},
    {"node_exporter", kRapl, kJoules, kPackage, {"rapl_zone", "package"}},
    {"node_exporter", kRapl, kJoules, kCore, {"rapl_zone", "core"}},
    {"node_exporter", kRapl, kJoules, kUncore, {"rapl_zone", "uncore"}},
    {"node_exporter", kRapl, kJoules, kDram, {"rapl_zone", "dram"}},
    {"node_exporter", kRapl, kJoules, kPsys, {"rapl_zone", "psys"}},
    {"node_exporter", kHwmonAverage, kWatts, kAcpi, {"chip", "*acpi000d"}},
    {"node_exporter", "node_hwmon_energy_joule_total", kJoules, kChip},
    {"node_exporter", "node_hwmon_power_watt", kWatts, kChip},
    {"node_exporter", kHwmonAverage, kWatts, kChip},
    {"all-smi", "all_smi_gpu_energy_hw_millijoules_total", kMillijoules, kAllSmi},
    {"all-smi", kAllSmiEnergy, kJoules, kAllSmi, {"scope", "gpu"}},
    {"all-smi", kAllSmiEnergy, kJoules, kAllPackages, {"scope", "cpu"}},
    {"all-smi", "all_smi_gpu_power_consumption_watts", kWatts, kAllSmi},
    {kAmd, "gpu_energy_consumed", kMicrojoules, kRocm, {"gpu_partition_id", "0"}},
    {kAmd, "gpu_energy_consumed", kMicrojoules, kRocm, {"gpu_partition_id", ""}},
    {kAmd, "gpu_package_power", kWatts, kRocm, {"gpu_partition_id", "0"}},
    {kAmd, "gpu_package_power", kWatts, kRocm, {"gpu_partition_id", ""}},
    {"Zeus", "energy_monitor_gpu_energy_joules_total", kJoules, kZeusGpu},
    {"Zeus", "energy_monitor_cpu_energy_joules_total", kJoules, kPackage},
    {"Zeus", "energy_monitor_dram_energy_joules_total", kJoules, kDram},
    {"ipmi_exporter", "ipmi_dcmi_power_consumption_watts", kWatts, kDcmi},
    {"ipmi_exporter", "ipmi_dcmi_power_consumption_current_watts", kWatts, kDcmi},
};

PrometheusRule rule_of(const Row& row) {
  PrometheusRule rule;
  rule.exporter = row.exporter;
  rule.selector.name = row.metric;
  if (row.where.value.starts_with('*')) {
    rule.part_of_label = row.where.label;
    rule.part = row.where.value.substr(1);
  } else if (!row.where.label.empty()) {
    rule.selector.matchers.push_back({std::string(row.where.label), std::string(row.where.value)});
  }
  rule.without = "mmio";  // of RAPL: the same counters a second time
  rule.unit = row.unit;
  rule.domain = row.about.domain;
  rule.device = row.about.device;
  rule.channel = row.about.channel;
  rule.model = row.about.model;
  return rule;
}

std::string_view take_until(std::string_view& text, char end) {
  const auto length = std::min(text.find(end), text.size());
  const auto part = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return part;
}

std::optional<std::string> fill_one(std::string_view text, const PrometheusSample& sample, std::size_t number) {
  std::string filled;
  while (!text.empty()) {
    filled += take_until(text, '{');
    if (text.empty()) break;
    const auto name = take_until(text, '}');
    const auto value = name == "#" ? std::to_string(number) : std::string(sample.label(name));
    if (value.empty() || value == "N/A") return std::nullopt;
    filled += value;
  }
  return filled;
}

}  // namespace

std::optional<PrometheusUnit> find_prometheus_unit(std::string_view name) {
  const auto* const found = std::ranges::find(kUnits, name, &PrometheusUnit::name);
  if (found == kUnits.end()) return std::nullopt;
  return *found;
}

std::string_view prometheus_units() {
  return "J, mJ, uJ, Wh, kWh, W, mW, uW";
}

bool PrometheusRule::matches(const PrometheusSample& sample) const {
  if (!selector.matches(sample)) return false;
  if (!part.empty() && sample.label(part_of_label).find(part) == std::string_view::npos) return false;
  return without.empty() || sample.label("path").find(without) == std::string_view::npos;
}

std::vector<PrometheusRule> known_prometheus_rules() {
  std::vector<PrometheusRule> rules;
  for (const auto& row : kRows) rules.push_back(rule_of(row));
  return rules;
}

std::string known_prometheus_exporters() {
  std::string names;
  std::string_view last;
  for (const auto& row : kRows) {
    if (row.exporter != last) names += (names.empty() ? "" : ", ") + std::string(row.exporter);
    last = row.exporter;
  }
  return names;
}

std::optional<std::string> fill_template(std::string_view text, const PrometheusSample& sample, std::size_t number) {
  while (!text.empty())
    if (auto filled = fill_one(take_until(text, '|'), sample, number)) return filled;
  return std::nullopt;
}

}  // namespace ipw::probes::sources
