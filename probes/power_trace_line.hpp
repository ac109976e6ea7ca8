#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "probes/power_source.hpp"

namespace ipw::probes {

// A recording of what power sources read, one JSON object a line (UTF-8, `\n`), so that anyone's problem can be played
// back (sources/recorded.cpp). The first line says what was read, each that follows what one reading gave, in the order
// of time:
//
//   {"format":"ipw-power-trace","version":1,"channels":[
//     {"name":"gpu0","device":{"id":"GPU-5b4e","name":"NVIDIA H200"},"domain":"gpu","quality":"measured",
//      "parent":"module","wraps_at_joules":262143.3,"max_power_watts":7000,"read_every_seconds":0.02,
//      "averages_over_seconds":1,"looks":0.25}]}                                                            (one line)
//   {"at":0.05,"readings":[{"joules":17.25,"stamp":0.0497,"power":{"watts":301.5,"stamp":0.049}}]}
//   {"at":0.10,"readings":[{"error":"unavailable","message":"/sys/...: it does not exist (any more)"}]}
//
// What follows `quality` stands there where the channel has it. Times
// are seconds since the recording began; a stamp may lie before it, and is not after its line's `at`. `readings` has an
// entry for each channel, in their order: `joules` or `watts` (always the same of the two) with its `stamp`, beside
// joules perhaps `power`; or `error` (retry, unavailable, invalid, cancelled, internal) and `message`; or null where
// this line tells nothing of the channel (several sources may share a trace: each writes lines of its own).

// One reading of one channel, in the times of the trace.
struct PowerTraceValue {
  bool energy{false};  // joules; else watts
  double value{0};
  Seconds stamp;
  std::optional<Watts> power;  // beside joules
  Seconds power_stamp;
};

struct PowerTraceLine {
  Seconds at;
  std::vector<std::optional<Result<PowerTraceValue>>> entries;  // by channel; nothing: not told
};

// The lines as text, without the line's end, and back. Errors: invalid, without the place.
std::string trace_header(std::span<const Channel> channels);
std::string trace_line(const PowerTraceLine& line);
Result<std::vector<Channel>> parse_trace_header(std::string_view text);
Result<PowerTraceLine> parse_trace_line(std::string_view text, std::size_t channels);

}  // namespace ipw::probes
