#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "probes/energy_meter.hpp"
#include "probes/power_source.hpp"
#include "probes/timeline.hpp"

namespace ipw::probes {

// What one channel looks like now.
struct ChannelStatus {
  bool up{false};
  std::string reason;                                // why it is down; empty while it is up
  std::optional<Watts> power;                        // latest; nothing before two readings, or while it is down
  Joules cumulative{0};                              // since start
  std::optional<Seconds> update_period;              // how often its value really moves, learned from its own readings
  std::array<std::uint64_t, kMeterEvents> events{};  // by MeterEvent
  std::uint64_t read_errors{0};
};

// One source on the way into the timeline: read, metered, kept account of. A failed read becomes a gap in the timeline,
// so that the books can move on, for that channel only. Every failure and event is logged once, not at every reading.
// One thread calls read_once(); status() may be called from any.
class SourceReader {
 public:
  // REQUIRES: `first` is the id of the source's first channel, the others follow; timeline and clock outlive this.
  SourceReader(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period,
               PowerTimeline& timeline, const Clock& clock);

  void read_once();

  const std::string& name() const { return name_; }
  std::vector<ChannelStatus> channels() const;

 private:
  ChannelId id(std::size_t index) const { return ChannelId(static_cast<std::uint32_t>(first_) + index); }
  std::string channel_name(std::size_t index) const { return name_ + "/" + source_->channels()[index].name; }
  void take(std::size_t index, const StampedReading& reading);
  void fail(std::size_t index, const Error& error);
  void tell_once(std::size_t index, MeterEvent event);

  std::string name_;
  std::unique_ptr<PowerSource> source_;
  ChannelId first_;
  PowerTimeline& timeline_;
  const Clock& clock_;
  std::vector<EnergyMeter> meters_;
  std::vector<std::array<bool, kMeterEvents>> told_;
  Guarded<std::vector<ChannelStatus>> status_;
};

}  // namespace ipw::probes
