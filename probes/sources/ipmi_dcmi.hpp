#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/time.hpp"
#include "base/units.hpp"
#include "probes/sources/ipmi_device.hpp"

namespace ipw::probes::sources {

// The command Get Power Reading of DCMI 1.5 (6.6.1), mode "system power statistics".
IpmiMessage dcmi_power_command(long id);

// The power now, from the data of its answer: completion code, 0xDC, then little-endian watts now, least, most and on
// average (2 bytes each), a time stamp and the period of the statistics (4 bytes each), and a byte of which bit 6 says
// that power is being measured. Errors: unavailable (no such command, not measuring now), retry (busy), invalid (no
// such answer, or a power that a running machine does not draw).
Result<Watts> parse_dcmi_power(std::span<const std::uint8_t> data);

// Asks the BMC, and takes no other answer for its own. The device is opened anew after it has failed. Not thread-safe.
class DcmiMeter {
 public:
  using Open = std::function<Result<std::unique_ptr<IpmiDevice>>()>;
  DcmiMeter(Open open, const Clock& clock) : open_(std::move(open)), clock_(clock) {}

  // Errors: as parse_dcmi_power() and the device's, and retry, when the BMC does not answer within 2 s.
  Result<Watts> read();

 private:
  Result<Watts> ask();

  Open open_;
  const Clock& clock_;
  std::unique_ptr<IpmiDevice> device_;
  long id_{0};
};

}  // namespace ipw::probes::sources
