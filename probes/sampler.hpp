#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.hpp"
#include "probes/source_reader.hpp"

namespace ipw::probes {

// How often the fastest of a source's channels bears to be read.
Seconds read_every(const PowerSource& source);

struct SamplerStatus {
  std::vector<ChannelStatus> channels;
  std::uint64_t reads{0}, missed_ticks{0};
  Seconds read_time{0};  // spent in read(), in total
  Seconds cpu_time{0};   // of the sampler's own thread, in total
};

// The deadlines of a sampler: absolute, `period` apart, so that a late reading delays no other. Ticks that were missed
// are counted, never made up for. Between two readings lies at least a tenth of the period, and `least`, nudged or not.
// Between them come readings that await an update (SourceReader::wanted), as long as they cost no more than a quarter
// of a percent of the time. Pure; not thread-safe.
class TickSchedule {
 public:
  TickSchedule(MonoTime first, Seconds period, Seconds least = Seconds{0})
      : period_(to_chrono(period)), least_(std::max(period_ / 10, to_chrono(least))), next_(first), earned_at_(first) {}

  // When to read next if nobody nudges, and if somebody does.
  MonoTime next() const { return std::min(std::max(next_, earliest_), extra_.value_or(MonoTime::max())); }
  MonoTime next_nudged() const { return std::min(next(), earliest_); }
  // A reading was made, from `begun` to `done`, and all about it cost so much CPU time; another is wanted so soon after
  // it. Returns how many ticks went by unread.
  std::uint64_t on_read(MonoTime begun, MonoTime done, std::optional<Seconds> wanted = {}, Seconds cpu = Seconds{0});

 private:
  void plan_extra(MonoTime begun, MonoTime done, std::optional<Seconds> wanted, Seconds cpu);

  std::chrono::nanoseconds period_, least_;
  MonoTime next_;
  MonoTime earliest_{};
  std::optional<MonoTime> extra_;
  MonoTime earned_at_;
  Seconds credit_{
      0.3};  // time that extra readings may take: at the start as much as learning the sensors' periods needs
};

// Reads one source at its deadlines on its own thread, so that a slow or hanging source delays nobody else.
class Sampler {
 public:
  // REQUIRES: as SourceReader.
  Sampler(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period,
          PowerTimeline& timeline, const Clock& clock);
  ~Sampler();

  // Asks for a reading now rather than at the next tick, because something began or ended: it brings the edges of a
  // query's window close to real readings. Cheap, thread-safe, returns at once; at most ten readings a period are made.
  void nudge();

  const std::string& name() const { return reader_.name(); }
  SamplerStatus status() const;
  std::vector<DeviceState> devices() const { return reader_.devices(); }

 private:
  struct Counts {
    std::uint64_t reads{0}, missed_ticks{0};
    Seconds read_time{0}, cpu_time{0};
  };

  void run(const std::stop_token& stop, Seconds period);
  bool wait(const TickSchedule& schedule, const std::stop_token& stop, bool& nudged);

  const Clock& clock_;
  Seconds read_every_;
  SourceReader reader_;
  Guarded<Counts> counts_;
  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  bool nudged_{false};
  std::jthread thread_;
};

}  // namespace ipw::probes
