// Power of a machine that shows no sensor, from what its CPUs do: idle power, and in proportion to busy CPU time what
// lies between idle and full load. A model, not a measurement: labelled so, and never used while something measures.
//
// Linear in utilisation is the usual first-order model of a server (Fan, Weber, Barroso: Power provisioning for a
// warehouse-sized computer, ISCA 2007). CPU time comes in clock ticks, commonly of 10 ms per CPU.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "base/text.hpp"
#include "probes/cpu_info.hpp"
#include "probes/power_source.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes::sources {
namespace {

// Rough, between a laptop and a server: two watts at rest, six more for each logical CPU at work.
constexpr Watts kIdle{2}, kPerCpu{6};
// Between two readings close together, ticks of a longer time may come in.
constexpr double kLateTicks = 10;

// CPU seconds at work since boot, over all CPUs, from the first line of /proc/stat:
//   cpu  user nice system idle iowait irq softirq steal guest guest_nice
// Idle, iowait and steal (time of somebody else) are no work of ours; guest time is in user and nice already.
std::optional<Seconds> busy_time(std::string_view stat, double ticks_per_second) {
  if (!stat.starts_with("cpu ")) return std::nullopt;
  stat = stat.substr(4, stat.find('\n') - 4);
  double ticks[7]{};
  for (auto& value : ticks) {
    stat = trim(stat);
    const auto [rest, error] = std::from_chars(stat.data(), stat.data() + stat.size(), value);
    if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
    stat.remove_prefix(static_cast<std::size_t>(rest - stat.data()));
  }
  return Seconds{(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / ticks_per_second};
}

// Logical CPUs in use: the lines `cpu0`, `cpu1`, ... of /proc/stat.
int count_cpus(const std::filesystem::path& stat) {
  std::ifstream file(stat);
  int cpus = 0;
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");)
    if (!line.starts_with("cpu ")) ++cpus;
  return cpus;
}

struct Model {
  Watts idle;
  Watts per_busy_cpu;
};

class Estimated final : public PowerSource {
 public:
  Estimated(Channel channel, SensorFile stat, Model model, const Clock& clock)
      : channel_(std::move(channel)), stat_(std::move(stat)), model_(model), clock_(clock) {}

  std::span<const Channel> channels() const override { return {&channel_, 1}; }
  std::vector<Result<StampedReading>> read() override { return {read_one()}; }

 private:
  struct Sample {
    MonoTime at;
    Seconds busy;
  };

  Result<StampedReading> read_one() {
    const auto before = clock_.now();
    const auto text = stat_.read();
    if (!text) return text.error();
    const auto busy = busy_time(*text, ticks_per_second_);
    if (!busy) return Error{Errc::invalid, stat_.path().string() + ": its first line has no CPU times"};
    const auto at = before + (clock_.now() - before) / 2;
    // Time at work falls only when CPUs are counted anew: our counter then falls too, and the meter calls it a reset.
    if (!first_ || *busy < last_busy_) first_ = {at, *busy};
    last_busy_ = *busy;
    return StampedReading{at, model_.idle * between(first_->at, at) + model_.per_busy_cpu * (*busy - first_->busy)};
  }

  Channel channel_;
  SensorFile stat_;
  Model model_;
  const Clock& clock_;
  const double ticks_per_second_{static_cast<double>(::sysconf(_SC_CLK_TCK))};
  std::optional<Sample> first_;
  Seconds last_busy_{0};
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_estimated(Options& options, const ProbeEnvironment& environment) {
  const auto path = environment.root / "proc" / "stat";
  const int cpus = count_cpus(path);
  const Watts idle{options.number("idle_watts", kIdle.value, {0, 1e5})};
  const Watts most{options.number("max_watts", std::max(idle.value, (kIdle + kPerCpu * cpus).value), {0, 1e5})};
  if (most < idle)
    options.fail("max_watts", "`max_watts` is what all CPUs at work draw: it cannot be below `idle_watts`");
  if (auto ok = options.finish(); !ok) return ok.error();
  if (cpus == 0) return Error{Errc::unavailable, path.string() + " lists no CPUs: there is nothing to estimate from"};

  Channel channel;
  channel.name = "cpu";
  channel.device = {"host", cpu_model(environment.root)};
  channel.domain = Domain::cpu_package;
  channel.quality = Quality::estimated;
  channel.max_power = most * kLateTicks;
  const Model model{idle, (most - idle) / cpus};
  auto source = std::make_unique<Estimated>(std::move(channel), SensorFile(path), model, *environment.clock);
  const auto first = source->read();
  if (!first.front()) return Error{Errc::unavailable, first.front().error().message};
  return source;
}

}  // namespace ipw::probes::sources
