#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "probes/channel_meter.hpp"
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
  std::optional<double> crosscheck;  // counter energy over integrated power, lately; where the source gives both
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
  // Something began or ended: the next update of each slow sensor is awaited closely, so that it is known to lie
  // between two readings that are much closer together than updates are. (Before its period is known, its next few
  // updates.)
  void await_updates(MonoTime now);
  // How soon to read again for that, or for the next update of a gauge (a counter contains what was not looked at, a
  // gauge does not); nothing when nothing is awaited.
  std::optional<Seconds> wanted(MonoTime now) const;
  // Asks the source for its devices' states; devices() tells the latest answer.
  void look_at_devices();

  const std::string& name() const { return name_; }
  std::vector<ChannelStatus> channels() const;
  std::vector<DeviceState> devices() const;

 private:
  ChannelId id(std::size_t index) const { return ChannelId(static_cast<std::uint32_t>(first_) + index); }
  std::string channel_name(std::size_t index) const { return name_ + "/" + source_->channels()[index].name; }
  struct Awaited {
    int updates{0};
    MonoTime until{};
    Seconds step{0};
  };
  // One channel on its way.
  struct Track {
    Track(const Channel& channel, Seconds period) : meter(channel, period) {}
    ChannelMeter meter;
    Awaited awaited;
    std::optional<MonoTime> last_good;
    bool is_gauge{false};
    std::array<bool, kMeterEvents> told{};
    CrossCheck::Choice choice{CrossCheck::Choice::counter};
  };

  void take(std::size_t index, const StampedReading& reading);
  void pass_on(std::size_t index, const std::function<void(ChannelStatus&)>& more);
  void fail(std::size_t index, const Error& error);
  void tell_once(std::size_t index, MeterEvent event);
  void tell_choice(std::size_t index);

  std::string name_;
  std::unique_ptr<PowerSource> source_;
  ChannelId first_;
  PowerTimeline& timeline_;
  const Clock& clock_;
  Seconds patience_;  // a reading that fails for so long leaves a gap
  std::vector<Track> tracks_;
  ChannelMeter::Output output_;
  unsigned awaited_times_{0};
  Guarded<std::vector<ChannelStatus>> status_;
  Guarded<std::vector<DeviceState>> devices_;
};

}  // namespace ipw::probes
