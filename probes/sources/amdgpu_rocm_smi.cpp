#include "probes/sources/amdgpu_rocm_smi.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

namespace ipw::probes::sources::amdgpu {
namespace {

constexpr int kSuccess = 0, kNotSupported = 2, kNoPermission = 4, kInitError = 8, kNotImplemented = 9, kNotFound = 10,
              kUnexpectedData = 15;
// More than any machine has: a library that says so is not what we take it for.
constexpr std::uint32_t kMostDevices = 1024;
constexpr int kFailuresBetweenRestarts = 100;

struct Functions {
  explicit Functions(const SharedLibrary& library)
      : init(library.function<int(std::uint64_t)>("rsmi_init")),
        shut_down(library.function<int()>("rsmi_shut_down")),
        count(library.function<int(std::uint32_t*)>("rsmi_num_monitor_devices")),
        pci(library.function<int(std::uint32_t, std::uint64_t*)>("rsmi_dev_pci_id_get")),
        name(library.function<int(std::uint32_t, char*, std::size_t)>("rsmi_dev_name_get")),
        power(library.function<int(std::uint32_t, std::uint64_t*, int*)>("rsmi_dev_power_get")),
        socket_power(library.function<int(std::uint32_t, std::uint64_t*)>("rsmi_dev_current_socket_power_get")),
        average_power(library.function<int(std::uint32_t, std::uint32_t, std::uint64_t*)>("rsmi_dev_power_ave_get")),
        energy(
            library.function<int(std::uint32_t, std::uint64_t*, float*, std::uint64_t*)>("rsmi_dev_energy_count_get")),
        status_text(library.function<int(int, const char**)>("rsmi_status_string")) {}

  bool are_enough() const { return init && shut_down && count && pci && (power || socket_power || average_power); }

  int (*init)(std::uint64_t);
  int (*shut_down)();
  int (*count)(std::uint32_t*);
  int (*pci)(std::uint32_t, std::uint64_t*);
  int (*name)(std::uint32_t, char*, std::size_t);
  int (*power)(std::uint32_t, std::uint64_t*, int*);
  int (*socket_power)(std::uint32_t, std::uint64_t*);
  int (*average_power)(std::uint32_t, std::uint32_t, std::uint64_t*);
  int (*energy)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*);
  int (*status_text)(int, const char**);
};

SmiTrouble trouble_of(int status) {
  if (status == kNoPermission) return SmiTrouble::permission;
  if (status == kUnexpectedData) return SmiTrouble::library_too_old;
  const bool is_lasting = status == kNotSupported || status == kNotImplemented || status == kNotFound;
  return is_lasting ? SmiTrouble::lasting : SmiTrouble::passing;
}

class RocmSmi final : public Smi {
 public:
  explicit RocmSmi(SharedLibrary library) : library_(std::move(library)), call_(library_) {}
  ~RocmSmi() override {
    if (initialised_) call_.shut_down();
  }
  RocmSmi(const RocmSmi&) = delete;
  RocmSmi& operator=(const RocmSmi&) = delete;

  Result<void> start() {
    if (!call_.are_enough())
      return Error{Errc::unavailable, library_.name() + " lacks a function that every known version has"};
    if (const int status = call_.init(0); status != kSuccess) return unusable("rsmi_init", status);
    initialised_ = true;
    std::uint32_t count = 0;
    if (const int status = call_.count(&count); status != kSuccess || count > kMostDevices)
      return unusable("rsmi_num_monitor_devices", status);
    // The slices of a partitioned board are devices of their own; the first has its power.
    std::set<std::string> seen;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint64_t id = 0;
      if (call_.pci(i, &id) != kSuccess) continue;
      auto pci = pci_text(id >> 32, id >> 8 & 0xFF, id >> 3 & 0x1F, id & 7);
      if (!seen.insert(board_of(pci)).second) continue;
      devices_.push_back({std::move(pci), name_of(i)});
      indices_.push_back(i);
    }
    return {};
  }

  std::span<const SmiDevice> devices() const override { return devices_; }

  Result<Joules> energy(std::size_t device) override {
    if (!call_.energy) return failed("rsmi_dev_energy_count_get", kNotSupported);
    std::uint64_t counted = 0, time = 0;
    float microjoules = 0;
    const int status = started([&] { return call_.energy(indices_[device], &counted, &microjoules, &time); });
    if (status != kSuccess) return failed("rsmi_dev_energy_count_get", status);
    return smi_joules(named("rsmi_dev_energy_count_get"), counted, microjoules);
  }

  Result<Watts> power(std::size_t device) override {
    std::uint64_t microwatts = 0;
    const int status = started([&] { return power_of(indices_[device], microwatts); });
    if (status != kSuccess) return failed("rsmi_dev_power_get", status);
    if (microwatts == ~std::uint64_t{0}) return failed("rsmi_dev_power_get", kNotSupported);
    return Watts{static_cast<double>(microwatts) * 1e-6};
  }

 private:
  // Whichever function this version has and this device answers.
  int power_of(std::uint32_t device, std::uint64_t& microwatts) const {
    int status = kNotSupported;
    if (int type = 0; call_.power) status = call_.power(device, &microwatts, &type);
    if (status == kNotSupported && call_.socket_power) status = call_.socket_power(device, &microwatts);
    if (status == kNotSupported && call_.average_power) status = call_.average_power(device, 0, &microwatts);
    return status;
  }

  std::string name_of(std::uint32_t device) const {
    std::array<char, 256> name{};
    if (!call_.name || call_.name(device, name.data(), name.size() - 1) != kSuccess) return "";
    return {name.data(), strnlen(name.data(), name.size())};
  }

  // After a driver's reload the library is initialised anew, but not at every call: that takes long.
  template <class Call>
  int started(Call call) {
    const int status = initialised_ ? call() : kInitError;
    if (status != kInitError || failures_before_restart_-- > 0) return status;
    failures_before_restart_ = kFailuresBetweenRestarts;
    call_.shut_down();
    initialised_ = call_.init(0) == kSuccess;
    return initialised_ ? call() : kInitError;
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
  std::vector<SmiDevice> devices_;
  std::vector<std::uint32_t> indices_;  // of devices_
};

}  // namespace

Result<std::unique_ptr<Smi>> open_rocm_smi(SharedLibrary library) {
  auto smi = std::make_unique<RocmSmi>(std::move(library));
  if (auto ok = smi->start(); !ok) return ok.error();
  return smi;
}

}  // namespace ipw::probes::sources::amdgpu
