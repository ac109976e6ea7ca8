// A scripted librocm_smi64; with FAKE_ROCM_SMI_OLD as it was before rsmi_dev_power_get.

#include <cstddef>
#include <cstring>

#include "tests/support/fake_amdsmi/fake_smi.hpp"

namespace {

using ipw::testing::FakeSmi;
FakeSmi shown;

constexpr int kInvalid = 1, kInitError = 8;

int status_of(std::uint32_t device) {
  if (!shown.initialised) return kInitError;
  return device < shown.count ? shown.gpus[device].status : kInvalid;
}

std::uint64_t microwatts(std::uint32_t device) {
  return static_cast<std::uint64_t>(shown.gpus[device].watts * 1e6);
}

}  // namespace

extern "C" {

FakeSmi* fake_smi() {
  return &shown;
}

int rsmi_init(std::uint64_t) {
  ++shown.inits;
  shown.initialised = shown.init_status == 0;
  return shown.init_status;
}

int rsmi_shut_down() {
  ++shown.shut_downs;
  shown.initialised = false;
  return 0;
}

int rsmi_num_monitor_devices(std::uint32_t* count) {
  *count = shown.claimed != 0 ? shown.claimed : shown.count;
  return shown.initialised ? 0 : kInitError;
}

int rsmi_dev_pci_id_get(std::uint32_t device, std::uint64_t* id) {
  if (device >= shown.count) return kInvalid;
  const auto& gpu = shown.gpus[device];
  *id = gpu.domain << 32 | gpu.bus << 8 | gpu.device << 3 | gpu.function;
  return 0;
}

int rsmi_dev_name_get(std::uint32_t device, char* name, std::size_t size) {
  if (device >= shown.count) return kInvalid;
  std::strncpy(name, shown.gpus[device].name, size);
  return 0;
}

#ifdef FAKE_ROCM_SMI_OLD
int rsmi_dev_power_ave_get(std::uint32_t device, std::uint32_t sensor, std::uint64_t* power) {
  if (sensor != 0) return kInvalid;
  if (const int status = status_of(device); status != 0) return status;
  *power = microwatts(device);
  return 0;
}
#else
int rsmi_dev_power_get(std::uint32_t device, std::uint64_t* power, int* type) {
  if (const int status = status_of(device); status != 0) return status;
  *power = microwatts(device);
  *type = 1;
  return 0;
}
#endif

int rsmi_dev_energy_count_get(std::uint32_t device, std::uint64_t* counted, float* microjoules, std::uint64_t* time) {
  if (const int status = status_of(device); status != 0) return status;
  *counted = shown.gpus[device].counted;
  *microjoules = shown.gpus[device].microjoules;
  *time = 1;
  return 0;
}

int rsmi_status_string(int status, const char** text) {
  *text = status == 2 ? "RSMI_STATUS_NOT_SUPPORTED" : "RSMI_STATUS_OTHER";
  return 0;
}

}  // extern "C"
