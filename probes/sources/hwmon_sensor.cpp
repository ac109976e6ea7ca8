#include "probes/sources/hwmon_sensor.hpp"

#include <algorithm>

namespace ipw::probes::sources {
namespace {

MonoTime middle(MonoTime before, MonoTime after) {
  return before + (after - before) / 2;
}

}  // namespace

HwmonSensor HwmonSensor::energy(std::filesystem::path microjoules) {
  HwmonSensor sensor(true, 1e-6);
  sensor.factors_.emplace_back(std::move(microjoules));
  return sensor;
}

HwmonSensor HwmonSensor::power(std::filesystem::path file, double watts_per_unit) {
  HwmonSensor sensor(false, watts_per_unit);
  sensor.factors_.emplace_back(std::move(file));
  return sensor;
}

HwmonSensor HwmonSensor::product(std::filesystem::path millivolts, std::filesystem::path milliamperes) {
  HwmonSensor sensor(false, 1e-6);
  sensor.factors_.emplace_back(std::move(millivolts));
  sensor.factors_.emplace_back(std::move(milliamperes));
  return sensor;
}

Result<StampedReading> HwmonSensor::read(const Channel& channel, const Clock& clock) {
  if (auto ok = check_guards(); !ok) return ok.error();
  const auto before = clock.now();
  double value = unit_;
  for (auto& factor : factors_) {
    const auto number = factor.number();
    if (!number) return number.error();
    value *= *number;
  }
  const auto at = middle(before, clock.now());
  if (auto ok = check_range(channel, value); !ok) return ok.error();
  if (!counts_) return StampedReading{at, Watts{value}};
  return StampedReading{at, Joules{value}, power_beside(channel, clock)};
}

Result<void> HwmonSensor::check_guards() {
  for (auto& [file, must_be_set] : guards_) {
    const auto flag = file.number();
    if (!flag) return flag.error();
    if ((*flag != 0) == must_be_set) continue;
    const auto path = file.path().string();
    if (must_be_set)
      return Error{Errc::unavailable, path + ": the sensor is switched off (write 1 to that file to switch it on)"};
    return Error{Errc::unavailable, path + ": the sensor reports a fault"};
  }
  return {};
}

Result<void> HwmonSensor::check_range(const Channel& channel, double value) const {
  const auto path = factors_.back().path().string();
  if (value < 0)
    return Error{Errc::invalid, path + (counts_ ? ": a counter of energy cannot be negative"
                                                : ": the power is negative: the sensor's sign cannot be trusted")};
  if (!counts_ && channel.max_power && value > channel.max_power->value)
    return Error{Errc::invalid, path + ": " + std::to_string(value) + " W is more than " + channel.name +
                                    " can draw: is it another unit?"};
  return {};
}

std::optional<StampedWatts> HwmonSensor::power_beside(const Channel& channel, const Clock& clock) {
  if (!beside_) return std::nullopt;
  const auto before = clock.now();
  const auto microwatts = beside_->number();
  if (!microwatts) return std::nullopt;
  const Watts power{*microwatts * 1e-6};
  if (power.value < 0 || (channel.max_power && power > *channel.max_power)) return std::nullopt;
  return StampedWatts{middle(before, clock.now()), power};
}

HwmonSource::HwmonSource(std::vector<HwmonChannel> metered, const Clock& clock) : clock_(clock) {
  for (auto& [channel, sensor] : metered) {
    channels_.push_back(std::move(channel));
    sensors_.push_back(std::move(sensor));
  }
}

std::vector<Result<StampedReading>> HwmonSource::read() {
  std::vector<Result<StampedReading>> readings;
  readings.reserve(sensors_.size());
  for (std::size_t i = 0; i < sensors_.size(); ++i) readings.push_back(sensors_[i].read(channels_[i], clock_));
  return readings;
}

Result<std::unique_ptr<PowerSource>> if_it_reads(std::unique_ptr<PowerSource> source) {
  const auto readings = source->read();
  if (std::ranges::none_of(readings, [](const auto& reading) { return static_cast<bool>(reading); }))
    return Error{Errc::unavailable, readings.front().error().message};
  return source;
}

}  // namespace ipw::probes::sources
