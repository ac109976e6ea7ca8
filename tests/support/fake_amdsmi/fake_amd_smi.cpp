// A scripted libamd_smi of ABI FAKE_AMDSMI_ABI. Structures are written whole, in their real sizes.

#include <algorithm>
#include <cstring>

#include "tests/support/fake_amdsmi/fake_smi.hpp"

namespace {

using ipw::testing::FakeSmi;
FakeSmi shown;

constexpr int kInvalid = 1, kNotInit = 32;

struct Version {
  std::uint32_t year_or_major, rest[3];
  const char* build;
};

#if FAKE_AMDSMI_ABI == 24
struct PowerInfo {
  std::uint32_t current, average, voltages[3], limit, reserved[11];
};
static_assert(sizeof(PowerInfo) == 68);
#elif FAKE_AMDSMI_ABI == 25
struct PowerInfo {
  std::uint64_t socket;
  std::uint32_t current, average, voltages[3], limit, reserved[2];
};
static_assert(sizeof(PowerInfo) == 40);
#else
struct PowerInfo {
  std::uint64_t socket;
  std::uint32_t current, average;
  std::uint64_t voltages[3];
  std::uint32_t limit;
  std::uint64_t reserved[18];
};
static_assert(sizeof(PowerInfo) == 192);
#endif

FakeSmi::Gpu* gpu_of(void* handle) {
  return static_cast<FakeSmi::Gpu*>(handle);
}

// As the real library: ask for the number, then for as many.
int give(std::uint32_t count, void** handles, std::uint32_t* asked, void* (*at)(std::uint32_t)) {
  if (handles == nullptr) {
    *asked = shown.claimed != 0 ? shown.claimed : count;
    return 0;
  }
  *asked = std::min(*asked, count);
  for (std::uint32_t i = 0; i < *asked; ++i) handles[i] = at(i);
  return 0;
}

int status_of(const FakeSmi::Gpu* gpu) {
  return shown.initialised ? gpu->status : kNotInit;
}

}  // namespace

extern "C" {

FakeSmi* fake_smi() {
  return &shown;
}

int amdsmi_init(std::uint64_t flags) {
  ++shown.inits;
  if (flags != 2) return kInvalid;
  shown.initialised = shown.init_status == 0;
  return shown.init_status;
}

int amdsmi_shut_down() {
  ++shown.shut_downs;
  shown.initialised = false;
  return 0;
}

int amdsmi_get_lib_version(void* version) {
  if (!shown.initialised) return kNotInit;
  *static_cast<Version*>(version) = {FAKE_AMDSMI_ABI, {6, 1, 0}, "fake"};
  return 0;
}

// One socket for each GPU, as the real library has.
int amdsmi_get_socket_handles(std::uint32_t* count, void** handles) {
  if (!shown.initialised) return kNotInit;
  return give(shown.count, handles, count, [](std::uint32_t i) -> void* { return &shown.gpus[i]; });
}

int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** handles) {
  if (!shown.initialised) return kNotInit;
  if (handles == nullptr) {
    *count = 1;
    return 0;
  }
  *count = 1;
  handles[0] = socket;
  return 0;
}

int amdsmi_get_gpu_device_bdf(void* handle, std::uint64_t* bdf) {
  if (!shown.initialised) return kNotInit;
  const auto* gpu = gpu_of(handle);
  *bdf = gpu->domain << 16 | gpu->bus << 8 | gpu->device << 3 | gpu->function;
  return 0;
}

int amdsmi_get_gpu_asic_info(void* handle, void* info) {
  std::memset(info, 0, 512);
  std::strncpy(static_cast<char*>(info), gpu_of(handle)->name, 63);
  return shown.initialised ? 0 : kNotInit;
}

int amdsmi_get_power_info(void* handle, void* out) {
  const auto* gpu = gpu_of(handle);
  if (const int status = status_of(gpu); status != 0) return status;
  PowerInfo info;
  std::memset(&info, 0xFF, sizeof info);
  (gpu->shows_average ? info.average : info.current) = static_cast<std::uint32_t>(gpu->watts);
  (gpu->shows_average ? info.current : info.average) = 0xFFFF;
  std::memcpy(out, &info, sizeof info);
  return 0;
}

int amdsmi_get_energy_count(void* handle, std::uint64_t* counted, float* microjoules, std::uint64_t* time) {
  const auto* gpu = gpu_of(handle);
  if (const int status = status_of(gpu); status != 0) return status;
  *counted = gpu->counted;
  *microjoules = gpu->microjoules;
  *time = 1;
  return 0;
}

int amdsmi_status_code_to_string(int status, const char** text) {
  *text = status == 2    ? "AMDSMI_STATUS_NOT_SUPPORTED"
          : status == 10 ? "AMDSMI_STATUS_NO_PERM"
          : status == 32 ? "AMDSMI_STATUS_NOT_INIT"
                         : "AMDSMI_STATUS_OTHER";
  return 0;
}

}  // extern "C"
