#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "probes/sampler.hpp"
#include "probes/timeline.hpp"
#include "probes/topology.hpp"

namespace ipw::probes {

// A source that was asked for or tried, and what came of it: for `probes`, `check` and the log.
struct SourceReport {
  std::string type;
  std::string name;        // unique; empty when it was not opened
  std::string reason;      // why it was not opened, or what of it is left out
  bool configured{false};  // an entry of its own asked for it
};

// All power sources of this machine, opened, sampled and on one timeline. Built once at start; the samplers run from
// construction to destruction. Thread-safe.
class Rig {
 public:
  // `sources` are the maps of `probes.sources`; none, or one `type: auto`, tries every source that needs no options
  // and, only if none of them can be an accelerator, the estimate; a type that has its own entry is left to that. Each
  // may say its own `period`. Missing hardware is not an error
  // but a line of reports(). Errors: invalid, for a wrong type or option.
  static Result<std::unique_ptr<Rig>> open(std::vector<Options> sources, const ProbeEnvironment& environment,
                                           Seconds period, HistoryLength keep);

  const Topology& topology() const { return topology_; }
  const PowerTimeline& timeline() const { return timeline_; }
  const std::vector<SourceReport>& reports() const { return reports_; }
  Seconds period() const { return period_; }

  void forget_before(MonoTime needed_since) { timeline_.forget_before(needed_since); }
  void nudge();                               // every sampler
  std::vector<ChannelStatus> status() const;  // by ChannelId
  std::vector<SamplerStatus> samplers() const;
  std::vector<DeviceState> devices() const;  // of every source that knows any

 private:
  struct Opened {
    std::string name;
    std::unique_ptr<PowerSource> source;
    Seconds period;  // configured; 0: the rig's own
  };
  class Finder;
  Rig(std::vector<Opened>&& opened, std::vector<SourceReport> reports, const Clock& clock, Seconds period,
      HistoryLength keep);
  static std::vector<RigChannel> channels_of(const std::vector<Opened>& opened);

  std::vector<SourceReport> reports_;
  Seconds period_;
  Topology topology_;
  PowerTimeline timeline_;
  std::vector<std::unique_ptr<Sampler>> samplers_;
};

}  // namespace ipw::probes
