#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw::probes::sources {

// A command for the BMC, or its answer (IPMI 2.0, chapter 5): an answer's network function is the command's plus one,
// its data begin with the completion code.
struct IpmiMessage {
  long id{0};
  std::uint8_t network_function{0};
  std::uint8_t command{0};
  std::vector<std::uint8_t> data;
};

// The way to the machine's own BMC. Owned by one source; not thread-safe.
class IpmiDevice {
 public:
  virtual ~IpmiDevice() = default;
  // Errors: unavailable (the device is gone or refuses).
  virtual Result<void> send(const IpmiMessage& command) = 0;
  // The next message from the BMC, whatever it answers; nothing when none came in time. Errors: as send().
  virtual Result<std::optional<IpmiMessage>> receive(Seconds patience) = 0;
};

// The kernel's IPMI device below `root`. On a machine made of files (another root than /) it is a plain file that holds
// the bytes of an answer's data in hexadecimal, and every command is answered with them. Errors: unavailable, and what
// would help.
Result<std::unique_ptr<IpmiDevice>> open_ipmi_device(const std::filesystem::path& root);

}  // namespace ipw::probes::sources
