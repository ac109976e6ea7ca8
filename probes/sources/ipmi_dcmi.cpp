#include "probes/sources/ipmi_dcmi.hpp"

#include <cstdio>

namespace ipw::probes::sources {
namespace {

constexpr std::uint8_t kGroupExtension = 0x2c, kGetPowerReading = 0x02, kDcmi = 0xdc;
constexpr Seconds kPatience{2};
constexpr int kMostStrangers = 32;  // answers to earlier commands, and events

Error refused(std::uint8_t code) {
  char text[16];
  std::snprintf(text, sizeof text, " (0x%02x)", code);
  const auto failed = [&](Errc errc, const char* why) { return Error{errc, std::string("the BMC ") + why + text}; };
  switch (code) {
    case 0xc0:
      return failed(Errc::retry, "is busy");
    case 0xc3:
    case 0xcf:
    case 0xd0:
    case 0xd2:
    case 0xd5:
      return failed(Errc::retry, "cannot answer now");
    case 0xc1:
    case 0xc2:
    case 0xcc:
      return failed(Errc::unavailable, "does not measure power: it knows no DCMI power reading");
    case 0xcb:
      return failed(Errc::unavailable, "has no power sensor");
    case 0xd4:
      return failed(Errc::unavailable, "does not allow it");
    default:
      return failed(Errc::unavailable, "refuses the command");
  }
}

}  // namespace

IpmiMessage dcmi_power_command(long id) {
  return {id, kGroupExtension, kGetPowerReading, {kDcmi, 0x01, 0x00, 0x00}};
}

Result<Watts> parse_dcmi_power(std::span<const std::uint8_t> data) {
  if (data.empty()) return Error{Errc::invalid, "the BMC's answer is empty"};
  if (data[0] != 0) return refused(data[0]);
  if (data.size() < 19 || data[1] != kDcmi)
    return Error{Errc::invalid,
                 "the BMC's answer is no DCMI power reading (" + std::to_string(data.size()) + " bytes)"};
  if ((data[18] & 0x40U) == 0) return Error{Errc::unavailable, "the BMC is not measuring power now"};
  const unsigned watts = data[2] | static_cast<unsigned>(data[3]) << 8U;
  if (watts == 0 || watts == 0xffff)
    return Error{Errc::invalid, "the BMC says " + std::to_string(watts) + " W, which no running machine draws"};
  return Watts{static_cast<double>(watts)};
}

Result<Watts> DcmiMeter::read() {
  if (device_ == nullptr) {
    auto opened = open_();
    if (!opened) return opened.error();
    device_ = std::move(*opened);
  }
  return ask();
}

Result<Watts> DcmiMeter::ask() {
  const auto command = dcmi_power_command(++id_);
  const auto until = clock_.now() + to_chrono(kPatience);
  if (auto ok = device_->send(command); !ok) {
    device_.reset();
    return ok.error();
  }
  for (int strangers = 0; strangers < kMostStrangers; ++strangers) {
    const auto left = between(clock_.now(), until);
    if (left.value <= 0) break;
    const auto answer = device_->receive(left);
    if (!answer) {
      device_.reset();
      return answer.error();
    }
    if (!*answer) continue;
    const auto& message = **answer;
    // One that comes late answers an earlier command.
    if (message.id == id_ && message.network_function == command.network_function + 1 &&
        message.command == command.command)
      return parse_dcmi_power(message.data);
  }
  return Error{Errc::retry, "the BMC did not answer within 2 s"};
}

}  // namespace ipw::probes::sources
