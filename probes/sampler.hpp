#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.hpp"
#include "probes/energy_meter.hpp"
#include "probes/power_source.hpp"
#include "probes/timeline.hpp"

namespace ipw::probes {

// What one channel looks like now.
struct ChannelStatus {
  bool up{false};
  std::string reason;              // why it is down; empty while it is up
  std::optional<Watts> power;      // latest; nothing before two readings of a counter, or while it is down
  Joules cumulative{0};            // since start
  std::optional<Seconds> update_period;  // how often its value really moves, learned from its own readings
  std::array<std::uint64_t, kMeterEvents> events{};  // by MeterEvent
  std::uint64_t read_errors{0};
};

struct SamplerStatus {
  std::vector<ChannelStatus> channels;
  std::uint64_t reads{0}, missed_ticks{0};
  Seconds read_time{0};  // spent in read(), in total
  Seconds cpu_time{0};   // of the sampler's own thread, in total
};

// Reads one source at absolute deadlines, `period` apart, on its own thread: source -> meters -> timeline. A slow or
// hanging source delays nobody else; ticks it missed are counted, never made up for. A failed read becomes a gap in the
// timeline, so that the books can move on. Every event and failure is logged once, not at every tick.
class Sampler {
 public:
  // REQUIRES: `first` is the id of the source's first channel, the others follow; timeline and clock outlive this.
  Sampler(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period, PowerTimeline& timeline,
          const Clock& clock);
  ~Sampler();

  // Asks for a reading now rather than at the next tick, because something began or ended: it brings the edges of a
  // query's window close to real readings. Cheap, thread-safe, returns at once; at most ten readings a period are made.
  void nudge();

  const std::string& name() const { return name_; }
  SamplerStatus status() const;

 private:
  void run(std::stop_token stop);
  void read_once();

  std::string name_;
  std::unique_ptr<PowerSource> source_;
  ChannelId first_;
  Seconds period_;
  PowerTimeline& timeline_;
  const Clock& clock_;
  std::vector<EnergyMeter> meters_;
  Guarded<SamplerStatus> status_;
  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  bool nudged_{false};
  std::jthread thread_;
};

}  // namespace ipw::probes
