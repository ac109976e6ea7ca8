#include "probes/sources/amdgpu_amd_smi.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

namespace ipw::probes::sources::amdgpu {
namespace {

using Handle = void*;

constexpr int kSuccess = 0, kNotSupported = 2, kNotImplemented = 3, kNoPermission = 10, kNotFound = 31, kNotInit = 32,
              kUnexpectedData = 43;
constexpr std::uint64_t kGpus = 2;
// More than any machine has: a library that says so is not what we take it for.
constexpr std::uint32_t kMostHandles = 1024;
constexpr int kFailuresBetweenRestarts = 100;

struct Functions {
  explicit Functions(const SharedLibrary& library)
      : init(library.function<int(std::uint64_t)>("amdsmi_init")),
        shut_down(library.function<int()>("amdsmi_shut_down")),
        version(library.function<int(void*)>("amdsmi_get_lib_version")),
        sockets(library.function<int(std::uint32_t*, Handle*)>("amdsmi_get_socket_handles")),
        processors(library.function<int(Handle, std::uint32_t*, Handle*)>("amdsmi_get_processor_handles")),
        bdf(library.function<int(Handle, std::uint64_t*)>("amdsmi_get_gpu_device_bdf")),
        power(library.function<int(Handle, void*)>("amdsmi_get_power_info")),
        energy(library.function<int(Handle, std::uint64_t*, float*, std::uint64_t*)>("amdsmi_get_energy_count")),
        asic(library.function<int(Handle, void*)>("amdsmi_get_gpu_asic_info")),
        status_text(library.function<int(int, const char**)>("amdsmi_status_code_to_string")) {}

  bool are_enough() const { return init && shut_down && version && sockets && processors && bdf && power; }

  int (*init)(std::uint64_t);
  int (*shut_down)();
  int (*version)(void*);
  int (*sockets)(std::uint32_t*, Handle*);
  int (*processors)(Handle, std::uint32_t*, Handle*);
  int (*bdf)(Handle, std::uint64_t*);
  int (*power)(Handle, void*);
  int (*energy)(Handle, std::uint64_t*, float*, std::uint64_t*);
  int (*asic)(Handle, void*);
  int (*status_text)(int, const char**);
};

// Longer than the structure of any ABI, so that none writes beyond.
using PowerInfo = std::array<unsigned char, 512>;

template <class Unsigned>
std::uint64_t at(const PowerInfo& info, std::size_t offset) {
  Unsigned value{};
  std::memcpy(&value, info.data() + offset, sizeof value);
  return value;
}

std::optional<Watts> power_in(const PowerInfo& info, std::uint32_t abi) {
  const bool is_old = abi == 24;
  const std::uint64_t values[] = {at<std::uint32_t>(info, is_old ? 0 : 8), at<std::uint32_t>(info, is_old ? 4 : 12),
                                  is_old ? ~std::uint64_t{0} : at<std::uint64_t>(info, 0)};
  std::optional<Watts> power;
  for (const auto value : values) {
    if (is_not_available(value) || (power && power->value > 0)) continue;
    power = Watts{static_cast<double>(value)};
  }
  return power;
}

SmiTrouble trouble_of(int status) {
  if (status == kNoPermission) return SmiTrouble::permission;
  if (status == kUnexpectedData) return SmiTrouble::library_too_old;
  const bool is_lasting = status == kNotSupported || status == kNotImplemented || status == kNotFound;
  return is_lasting ? SmiTrouble::lasting : SmiTrouble::passing;
}

class AmdSmi final : public Smi {
 public:
  explicit AmdSmi(SharedLibrary library) : library_(std::move(library)), call_(library_) {}
  ~AmdSmi() override {
    if (initialised_) call_.shut_down();
  }
  AmdSmi(const AmdSmi&) = delete;
  AmdSmi& operator=(const AmdSmi&) = delete;

  Result<void> start() {
    if (!call_.are_enough())
      return Error{Errc::unavailable, library_.name() + " lacks a function that every known version has"};
    if (const int status = call_.init(kGpus); status != kSuccess) return unusable("amdsmi_init", status);
    initialised_ = true;
    alignas(8) std::array<unsigned char, 256> version{};  // its first member is the ABI: once `year`, now `major`
    if (const int status = call_.version(version.data()); status != kSuccess)
      return unusable("amdsmi_get_lib_version", status);
    std::memcpy(&abi_, version.data(), sizeof abi_);
    if (abi_ < 24 || abi_ > 26)
      return Error{Errc::unavailable, library_.name() + " has ABI " + std::to_string(abi_) +
                                          ", which is not known (24, 25 and 26 are): not used"};
    for (auto& [pci, handle] : list()) {
      devices_.push_back({pci, name_of(handle)});
      handles_.push_back(handle);
    }
    return {};
  }

  std::span<const SmiDevice> devices() const override { return devices_; }

  Result<Joules> energy(std::size_t device) override {
    if (!call_.energy) return failed("amdsmi_get_energy_count", kNotSupported);
    std::uint64_t counted = 0, time = 0;
    float microjoules = 0;
    const int status = on(device, [&](Handle handle) { return call_.energy(handle, &counted, &microjoules, &time); });
    if (status != kSuccess) return failed("amdsmi_get_energy_count", status);
    return smi_joules(named("amdsmi_get_energy_count"), counted, microjoules);
  }

  Result<Watts> power(std::size_t device) override {
    alignas(8) PowerInfo info{};
    const int status = on(device, [&](Handle handle) { return call_.power(handle, info.data()); });
    if (status != kSuccess) return failed("amdsmi_get_power_info", status);
    const auto power = power_in(info, abi_);
    if (!power) return failed("amdsmi_get_power_info", kNotSupported);
    return *power;
  }

 private:
  struct Listed {
    std::string pci;
    Handle handle;
  };

  template <class Count>
  static std::vector<Handle> handles(Count count) {
    std::uint32_t n = 0;
    if (count(&n, nullptr) != kSuccess || n == 0 || n > kMostHandles) return {};
    std::vector<Handle> all(n);
    if (count(&n, all.data()) != kSuccess) return {};
    if (n < all.size()) all.resize(n);
    return all;
  }

  // The slices of a partitioned board are processors of their own; the first has its power.
  std::vector<Listed> list() const {
    std::vector<Listed> listed;
    std::set<std::string> seen;
    for (const auto socket : handles([&](auto*n, Handle*all) { return call_.sockets(n, all); }))
      for (const auto processor : handles([&](auto*n, Handle*all) { return call_.processors(socket, n, all); })) {
        std::uint64_t bdf = 0;
        if (call_.bdf(processor, &bdf) != kSuccess) continue;
        auto pci = pci_text(bdf >> 16, bdf >> 8 & 0xFF, bdf >> 3 & 0x1F, bdf & 7);
        if (seen.insert(board_of(pci)).second) listed.push_back({std::move(pci), processor});
      }
    return listed;
  }

  std::string name_of(Handle handle) const {
    alignas(8) std::array<char, 1024> info{};  // begins with the market name
    if (!call_.asic || call_.asic(handle, info.data()) != kSuccess) return "";
    return {info.data(), strnlen(info.data(), 64)};
  }

  // After a driver's reload the library does not know its devices any more and is initialised anew, but not at every
  // call: that takes long.
  template <class Call>
  int on(std::size_t device, Call call) {
    const auto once = [&] { return handles_[device] ? call(handles_[device]) : kNotInit; };
    const int status = once();
    if (status != kNotInit || failures_before_restart_-- > 0) return status;
    failures_before_restart_ = kFailuresBetweenRestarts;
    restart();
    return once();
  }

  void restart() {
    handles_.assign(devices_.size(), nullptr);
    call_.shut_down();
    initialised_ = call_.init(kGpus) == kSuccess;
    if (!initialised_) return;
    for (const auto& [pci, handle] : list())
      for (std::size_t i = 0; i < devices_.size(); ++i)
        if (devices_[i].pci == pci) handles_[i] = handle;
  }

  std::string named(const std::string& call) const { return library_.name() + ": " + call; }

  Error failed(const std::string& call, int status) const {
    const char* text = nullptr;
    if (call_.status_text) call_.status_text(status, &text);
    return smi_error(named(call), status, text, trouble_of(status));
  }

  // At start there is no later.
  Error unusable(const std::string& call, int status) const {
    return {Errc::unavailable, failed(call, status).message};
  }

  SharedLibrary library_;
  Functions call_;
  bool initialised_{false};
  int failures_before_restart_{0};
  std::uint32_t abi_{0};
  std::vector<SmiDevice> devices_;
  std::vector<Handle> handles_;  // of devices_; null: gone
};

}  // namespace

Result<std::unique_ptr<Smi>> open_amd_smi(SharedLibrary library) {
  auto smi = std::make_unique<AmdSmi>(std::move(library));
  if (auto ok = smi->start(); !ok) return ok.error();
  return smi;
}

}  // namespace ipw::probes::sources::amdgpu
