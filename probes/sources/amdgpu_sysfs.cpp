#include "probes/sources/amdgpu_sysfs.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "probes/sensor_file.hpp"
#include "probes/sources/amdgpu_metrics.hpp"

namespace ipw::probes::sources::amdgpu {
namespace {

namespace fs = std::filesystem;

// What the channel is read from; for its life.
enum class Sensor { energy, hwmon, table_power };

std::optional<double> number_in(const fs::path& path) {
  const auto number = SensorFile(path).number();
  if (!number || *number < 0) return std::nullopt;
  return *number;
}

Watts plausible_power(const fs::path& hwmon) {
  const auto most =
      std::max(number_in(hwmon / "power1_cap_max").value_or(0), number_in(hwmon / "power1_cap").value_or(0));
  if (most <= 0) return kMostOfAnyBoard;
  return std::max(Watts{most * 1e-6 * kBurst}, kLeastBound);
}

// An APU by its table, by its id, or because it has a voltage of the northbridge: the kernel shows that of APUs only
// (hwmon_attributes_visible in amdgpu_pm.c).
bool is_apu(const Card& card, std::string_view table) {
  if (const auto header = metrics_header(table); header && header->is_apu()) return true;
  return card.model.is_apu || (!card.hwmon.empty() && first_line(card.hwmon / "in1_label") == "vddnb");
}

// Of the lines of pp_dpm_sclk (`1: 2100Mhz *`), the clock of the starred one and the highest of all.
struct Clocks {
  std::optional<double> now, most;
};

Clocks clocks_in(const fs::path& levels) {
  Clocks clocks;
  std::ifstream file(levels);
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos || colon == 0) continue;
    double megahertz = 0;
    const auto* begin = line.data() + colon + 2;
    const auto* end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(begin, end, megahertz);
    if (error != std::errc{} || !std::string_view(rest, end).starts_with("Mhz") || !(megahertz > 0)) continue;
    clocks.most = std::max(clocks.most.value_or(0), megahertz * 1e6);
    if (line.find('*') != std::string::npos) clocks.now = megahertz * 1e6;
  }
  return clocks;
}

std::string partition_of(const fs::path& device) {
  const auto compute = first_line(device / "current_compute_partition");
  const auto memory = first_line(device / "current_memory_partition");
  return compute + (compute.empty() || memory.empty() ? "" : "/") + memory;
}

class SysfsBoard final : public Board {
 public:
  SysfsBoard(const Card& card, const ProbeEnvironment& environment)
      : card_(card),
        root_(environment.root),
        clock_(*environment.clock),
        runtime_status_(card.device / "power" / "runtime_status"),
        table_(card.device / "gpu_metrics") {
    std::error_code ignored;
    may_suspend_ = fs::exists(runtime_status_.path(), ignored);
  }

  Result<void> probe() {
    max_power_ = plausible_power(card_.hwmon);
    channel_.max_power = max_power_;
    std::string table;
    const auto chosen = choose(table);
    if (!chosen) return chosen.error();
    sensor_ = *chosen;
    const bool apu = is_apu(card_, table);
    channel_.device = {"pci-" + card_.pci, card_name(card_, root_, apu)};
    channel_.domain = apu ? Domain::soc : Domain::gpu;
    if (sensor_ == Sensor::energy) channel_.wraps_at = wraps_at(card_.model.energy_bits);
    return {};
  }

  const Channel& channel() const override { return channel_; }

  Result<StampedReading> read() override {
    if (auto awake = is_awake(); !awake) return awake.error();
    const auto before = clock_.now();
    StampedReading reading{before, Watts{0}};
    if (power_) {
      const auto microwatts = power_->number();
      if (!microwatts) return microwatts.error();
      reading.value = Watts{*microwatts * 1e-6};
    } else {
      const auto metrics = read_table();
      if (!metrics) return metrics.error();
      if (auto ok = take(*metrics, reading); !ok) return ok.error();
    }
    if (auto ok = check(reading); !ok) return ok.error();
    reading.at = before + (clock_.now() - before) / 2;
    if (reading.power) reading.power->at = reading.at;
    return reading;
  }

  DeviceState state() override {
    DeviceState state;
    state.device = channel_.device.id;
    state.driver = driver_version(root_);
    if (!is_awake()) return state;
    state.partition = partition_of(card_.device);
    if (const auto cap = number_in(card_.hwmon / "power1_cap"); cap && *cap > 0) state.power_cap = Watts{*cap * 1e-6};
    const auto clocks = clocks_in(card_.device / "pp_dpm_sclk");
    state.clock_hertz = clocks.now ? clocks.now : number_in(card_.hwmon / "freq1_input");
    state.clock_cap_hertz = clocks.most;
    if (const auto metrics = read_table()) {
      state.throttled_by = limited_by(*metrics, last_looked_at_);
      last_looked_at_ = *metrics;
    }
    return state;
  }

 private:
  // `table` gets the table's first bytes where it could be read.
  Result<Sensor> choose(std::string& table) {
    if (auto awake = is_awake(); !awake) return choose_asleep(awake.error());
    if (const auto bytes = table_.read()) table = *bytes;
    const auto metrics = read_table();
    std::string reasons = metrics ? "" : metrics.error().message;
    // A counter that stands at nothing does not count, or the die is the second of its board.
    if (metrics && metrics->energy.value_or(0) > 0 && card_.model.energy_bits > 0) return Sensor::energy;
    if (choose_hwmon(reasons)) return Sensor::hwmon;
    const auto power = metrics ? metrics->power : std::nullopt;
    const bool table_shows = power && power->value > 0 && *power <= max_power_;
    if (!table_shows && power_ && !card_.model.has_two_dies) return Sensor::hwmon;  // 0 W, and nothing contradicts
    power_.reset();
    if (table_shows) return Sensor::table_power;
    if (card_.model.has_two_dies) reasons += "; the second of two dies has none: the first shows both";
    return Error{Errc::unavailable, card_.pci + " shows neither power nor energy: " + reasons};
  }

  // Whether one of hwmon's files shows that power is drawn; power_ is that one, else one that shows 0 W, if any.
  bool choose_hwmon(std::string& reasons) {
    for (const char* name : {"power1_average", "power1_input"}) {
      if (card_.hwmon.empty()) return false;
      SensorFile file(card_.hwmon / name);
      const auto microwatts = file.number();
      const bool is_power = microwatts && *microwatts >= 0 && Watts{*microwatts * 1e-6} <= max_power_;
      if (is_power && (*microwatts > 0 || !power_)) power_.emplace(file.path());
      if (is_power && *microwatts > 0) return true;
      reasons += (reasons.empty() ? "" : "; ") +
                 (microwatts ? file.path().string() + ": this cannot be its power" : microwatts.error().message);
    }
    return false;
  }

  Result<Sensor> choose_asleep(const Error& asleep) {
    std::error_code ignored;
    for (const char* name : {"power1_average", "power1_input"}) {
      if (card_.hwmon.empty() || !fs::exists(card_.hwmon / name, ignored)) continue;
      power_.emplace(card_.hwmon / name);
      return Sensor::hwmon;
    }
    return asleep;
  }

  Result<void> is_awake() {
    if (!may_suspend_) return {};
    const auto status = runtime_status_.read();
    if (!status || !trim(*status).starts_with("suspend")) return {};
    return Error{Errc::unavailable, card_.device.string() + ": the GPU is suspended, and is not woken for its power"};
  }

  Result<GpuMetrics> read_table() {
    const auto bytes = table_.read();
    if (!bytes) return bytes.error();
    auto metrics = parse_gpu_metrics(*bytes);
    if (!metrics) return Error{metrics.error().code, table_.path().string() + ": " + metrics.error().message};
    return metrics;
  }

  Result<void> take(const GpuMetrics& metrics, StampedReading& reading) const {
    if (sensor_ == Sensor::energy && metrics.energy) {
      reading.value = static_cast<double>(*metrics.energy) * kEnergyUnit;
      if (metrics.power) reading.power = StampedWatts{reading.at, *metrics.power};
      return {};
    }
    if (sensor_ == Sensor::table_power && metrics.power) {
      reading.value = *metrics.power;
      return {};
    }
    return Error{Errc::retry, table_.path().string() + ": marked as not available just now"};
  }

  Result<void> check(StampedReading& reading) const {
    if (reading.power && max_power_ < reading.power->value) reading.power.reset();
    const auto* power = std::get_if<Watts>(&reading.value);
    if (!power || (power->value >= 0 && *power <= max_power_)) return {};
    std::ostringstream text;
    text << channel_.device.id << ": " << power->value << " W cannot be";
    return Error{Errc::invalid, text.str()};
  }

  Card card_;
  fs::path root_;
  const Clock& clock_;
  SensorFile runtime_status_, table_;
  std::optional<SensorFile> power_;  // hwmon's, if that is the sensor
  bool may_suspend_{false};
  Sensor sensor_{};
  Channel channel_;
  Watts max_power_{kMostOfAnyBoard};
  std::optional<GpuMetrics> last_looked_at_;
};

}  // namespace

Result<std::unique_ptr<Board>> open_sysfs_board(const Card& card, const ProbeEnvironment& environment) {
  auto board = std::make_unique<SysfsBoard>(card, environment);
  if (auto ok = board->probe(); !ok) return ok.error();
  return board;
}

std::string driver_version(const fs::path& root) {
  if (auto version = first_line(root / "sys" / "module" / "amdgpu" / "version"); !version.empty()) return version;
  return first_line(root / "proc" / "sys" / "kernel" / "osrelease");
}

}  // namespace ipw::probes::sources::amdgpu
