#include "probes/sources/ipmi_device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "probes/sensor_file.hpp"

#if __has_include(<linux/ipmi.h>)
#include <linux/ipmi.h>
#define IPW_HAS_IPMI 1
#else
#define IPW_HAS_IPMI 0
#endif

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, std::string_view what, int reason) {
  return {Errc::unavailable,
          path.string() + ": " + std::string(what) + ": " + std::error_code(reason, std::system_category()).message()};
}

class AnswerFile final : public IpmiDevice {
 public:
  explicit AnswerFile(const fs::path& path) : file_(path) {}

  Result<void> send(const IpmiMessage& command) override {
    auto text = file_.read();
    if (!text) return text.error();
    IpmiMessage answer{command.id, static_cast<std::uint8_t>(command.network_function + 1), command.command, {}};
    for (auto rest = *text; rest.size() >= 2;) {
      std::uint8_t byte = 0;
      if (std::from_chars(rest.data(), rest.data() + 2, byte, 16).ptr != rest.data() + 2)
        return Error{Errc::unavailable, file_.path().string() + ": it is no IPMI device"};
      answer.data.push_back(byte);
      rest.remove_prefix(std::min(rest.find_first_not_of(" \n", 2), rest.size()));
    }
    answer_ = std::move(answer);
    return {};
  }
  Result<std::optional<IpmiMessage>> receive(Seconds) override { return std::exchange(answer_, std::nullopt); }

 private:
  SensorFile file_;
  std::optional<IpmiMessage> answer_;
};

#if IPW_HAS_IPMI

class KernelDevice final : public IpmiDevice {
 public:
  KernelDevice(fs::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~KernelDevice() override { ::close(fd_); }
  KernelDevice(const KernelDevice&) = delete;
  KernelDevice& operator=(const KernelDevice&) = delete;

  Result<void> send(const IpmiMessage& command) override {
    ipmi_system_interface_addr bmc{};
    bmc.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
    bmc.channel = IPMI_BMC_CHANNEL;
    auto data = command.data;
    ipmi_req request{};
    request.addr = reinterpret_cast<unsigned char*>(&bmc);
    request.addr_len = sizeof bmc;
    request.msgid = command.id;
    request.msg.netfn = command.network_function;
    request.msg.cmd = command.command;
    request.msg.data = data.data();
    request.msg.data_len = static_cast<unsigned short>(data.size());
    if (::ioctl(fd_, IPMICTL_SEND_COMMAND, &request) == 0) return {};
    return failed(path_, errno == ENOTTY ? "it is no IPMI device" : "cannot send a command to the BMC", errno);
  }

  Result<std::optional<IpmiMessage>> receive(Seconds patience) override {
    pollfd state{fd_, POLLIN, 0};
    const int ready = ::poll(&state, 1, static_cast<int>(std::ceil(patience.value * 1e3)));
    if (ready == 0 || (ready < 0 && errno == EINTR)) return std::optional<IpmiMessage>();
    if (ready < 0 || (state.revents & POLLIN) == 0)
      return failed(path_, "cannot wait for the BMC", ready < 0 ? errno : EIO);
    ipmi_addr from{};
    std::array<unsigned char, IPMI_MAX_MSG_LENGTH> data{};
    ipmi_recv received{};
    received.addr = reinterpret_cast<unsigned char*>(&from);
    received.addr_len = sizeof from;
    received.msg.data = data.data();
    received.msg.data_len = data.size();
    if (::ioctl(fd_, IPMICTL_RECEIVE_MSG_TRUNC, &received) != 0) {
      // Somebody else's message that is too long for us, or one that has gone meanwhile.
      if (errno == EMSGSIZE || errno == EAGAIN || errno == EINTR) return std::optional<IpmiMessage>();
      return failed(path_, "cannot read the BMC's answer", errno);
    }
    // An event is no answer, and has an id of its own.
    const bool answers = received.recv_type == IPMI_RESPONSE_RECV_TYPE;
    const auto size = std::min<std::size_t>(received.msg.data_len, data.size());
    return std::optional(IpmiMessage{answers ? received.msgid : -1,
                                     received.msg.netfn,
                                     received.msg.cmd,
                                     {data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size)}});
  }

 private:
  fs::path path_;
  int fd_;
};

#endif

Result<std::unique_ptr<IpmiDevice>> open_at(const fs::path& path) {
#if IPW_HAS_IPMI
  if (const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK); fd >= 0)
    return std::make_unique<KernelDevice>(path, fd);
  if (errno == EACCES || errno == EPERM)
    return Error{Errc::unavailable, path.string() +
                                        ": no permission to use it: run as root, or give your group access " +
                                        "by a udev rule (a container needs the device as well)"};
  return failed(path, "cannot open it", errno);
#else
  return Error{Errc::unavailable, path.string() + ": this system has no IPMI driver that we know"};
#endif
}

}  // namespace

Result<std::unique_ptr<IpmiDevice>> open_ipmi_device(const fs::path& root) {
  for (const char* name : {"ipmi0", "ipmi/0", "ipmidev/0"}) {
    std::error_code ignored;
    if (const auto path = root / "dev" / name; fs::exists(path, ignored)) {
      if (root != "/" && fs::is_regular_file(path, ignored)) return std::make_unique<AnswerFile>(path);
      return open_at(path);
    }
  }
  return Error{Errc::unavailable,
               (root / "dev" / "ipmi0").string() +
                   " does not exist: this machine has no BMC, or its driver is not loaded (modprobe " +
                   "ipmi_si ipmi_devintf)"};
}

}  // namespace ipw::probes::sources
