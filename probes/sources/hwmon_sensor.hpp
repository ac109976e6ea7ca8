#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes::sources {

// What one channel is read from: files of /sys that hold a counter of energy, a power, or a voltage and a current.
// Files stay open. Not thread-safe.
// Source of units: Documentation/hwmon/sysfs-interface.rst of the kernel (µJ, µW, mV, mA).
class HwmonSensor {
 public:
  static HwmonSensor energy(std::filesystem::path microjoules);
  static HwmonSensor power(std::filesystem::path file, double watts_per_unit = 1e-6);
  static HwmonSensor product(std::filesystem::path millivolts, std::filesystem::path milliamperes);

  // The power that the same hardware shows beside its counter.
  void beside(std::filesystem::path microwatts) { beside_.emplace(std::move(microwatts)); }
  // A file that must not read 0 (`*_enable`) or must read 0 (`*_fault`) for the sensor to be believed.
  void while_enabled(std::filesystem::path file) { guards_.push_back({SensorFile(std::move(file)), true}); }
  void unless_fault(std::filesystem::path file) { guards_.push_back({SensorFile(std::move(file)), false}); }

  // Errors: as SensorFile::number(), unavailable when the sensor is switched off or at fault, invalid when the reading
  // is negative or more than `channel` can draw.
  Result<StampedReading> read(const Channel& channel, const Clock& clock);

 private:
  struct Guard {
    SensorFile file;
    bool must_be_set;
  };

  HwmonSensor(bool counts, double unit) : counts_(counts), unit_(unit) {}
  Result<void> check_guards();
  Result<void> check_range(const Channel& channel, double value) const;
  std::optional<StampedWatts> power_beside(const Channel& channel, const Clock& clock);

  bool counts_;
  double unit_;
  std::vector<SensorFile> factors_;  // multiplied with each other and the unit they are the reading
  std::optional<SensorFile> beside_;
  std::vector<Guard> guards_;
};

struct HwmonChannel {
  Channel channel;
  HwmonSensor sensor;
};

// A power source whose every channel is read from its own files.
class HwmonSource : public PowerSource {
 public:
  // REQUIRES: `metered` is not empty; `clock` outlives this.
  HwmonSource(std::vector<HwmonChannel> metered, const Clock& clock);

  std::span<const Channel> channels() const override { return channels_; }
  std::vector<Result<StampedReading>> read() override;

 private:
  std::vector<HwmonSensor> sensors_;
  std::vector<Channel> channels_;
  const Clock& clock_;
};

// The source, if any of its channels can be read now. Errors: unavailable, with the first channel's reason.
Result<std::unique_ptr<PowerSource>> if_it_reads(std::unique_ptr<PowerSource> source);

}  // namespace ipw::probes::sources
