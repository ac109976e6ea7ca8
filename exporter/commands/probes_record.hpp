#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "probes/power_source.hpp"

namespace ipw {

// What is to be recorded, where from and how long.
struct RecordRequest {
  std::vector<Options> sources;  // as in `probes.sources`; none means `auto`
  probes::ProbeEnvironment environment;
  Seconds period;
  std::filesystem::path file;
  Seconds length;
};

// Opens power sources as the rig does, reads each on a thread of its own for `length`, or until SIGINT, and writes what
// they give, unjudged, to a file which the source `recorded` plays back. Of what two sources measure, only the first is
// written: played back, all channels are one source's, and nothing may be added twice. Returns a line for people.
// Errors: invalid (a wrong type or option), unavailable (no source, or the file cannot be written).
Result<std::string> record_power(RecordRequest request);

}  // namespace ipw
