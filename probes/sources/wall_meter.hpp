#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/meter_answer.hpp"
#include "probes/power_source.hpp"

namespace ipw::probes::sources {

// Where in a meter's answer one of its channels stands: JSON pointers, empty where the meter has no such thing.
struct MeterPoint {
  std::string name;    // as the meter calls it: "switch:0"
  std::string power;   // watts
  std::string energy;  // a counter
  double joules_per_unit{0};
  std::string valid;   // a flag: false means that the numbers mean nothing
  std::string errors;  // a list of words
};

// Which of a meter's channels stand for the machine, as the options say:
//
//   channel: 0      its place among those that the meter has, from 0, or `all` for their sum; needed where there are
//                   several
//   device: host    another name, where the meter is in front of another machine
class WallOptions {
 public:
  static WallOptions from(Options& options, const ProbeEnvironment& environment);

  // Errors: invalid, when none or more than one can be meant: it lists them.
  Result<std::vector<MeterPoint>> choose(const std::string& url, std::vector<MeterPoint> points) const;
  Channel channel(Watts most) const;

 private:
  std::string place_;  // in the configuration
  std::optional<std::size_t> index_;
  bool all_{false};
  Device device_;
};

// A meter in front of the power supply that tells all it knows in one answer: the sum of the chosen channels, energy
// with power beside it where each has a counter, else power.
class WallMeter final : public PowerSource {
 public:
  // One request and its answer; the meter's own words for failure. Called by read() only.
  using Ask = std::function<Result<MeterAnswer>()>;
  WallMeter(Ask ask, std::vector<MeterPoint> points, Channel channel, const Clock& clock)
      : ask_(std::move(ask)), points_(std::move(points)), channel_(std::move(channel)), clock_(clock) {}

  std::span<const Channel> channels() const override { return {&channel_, 1}; }
  std::vector<Result<StampedReading>> read() override { return {read_one()}; }

 private:
  Result<StampedReading> read_one();

  Ask ask_;
  std::vector<MeterPoint> points_;
  Channel channel_;
  const Clock& clock_;
};

// Opens it by reading once. Errors: unavailable, whatever is wrong with the answer.
Result<std::unique_ptr<PowerSource>> open_wall_meter(std::unique_ptr<WallMeter> meter);

}  // namespace ipw::probes::sources
