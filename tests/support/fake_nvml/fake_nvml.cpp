// A fake NVIDIA driver library: the C API that the NVIDIA source uses, played from a script (fake_nvml.hpp).

#include "tests/support/fake_nvml/fake_nvml.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "tests/support/fake_nvml/fake_driver.hpp"

namespace ipw::testing::fake_nvml {
namespace {

struct Value {
  unsigned field, scope;
  long long stamp_us, latency_us;
  int type, code;
  union {
    double d;
    int si;
    unsigned ui;
    unsigned long ul;
    unsigned long long ull;
    long long sll;
    unsigned short us;
  };
};
static_assert(sizeof(Value) == 40);

Driver& driver() {
  static Driver driver;
  return driver;
}

int copy(const std::string& text, char* to, unsigned size) {
  if (text.size() >= size) return kInsufficientSize;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return kOk;
}

std::optional<double> millijoules(Board& board, double t) {
  if (board.fault("unsupported", t) != nullptr) return std::nullopt;
  if (board.fault("zero", t) != nullptr) return 0;
  if (const auto* lie = board.fault("says", t); lie != nullptr && lie->millijoules) return *lie->millijoules;
  return std::floor(driver().counter_joules(board, t) * 1e3);
}

std::optional<double> milliwatts(const Board& board, const Rhythm& sensor, double t) {
  if (board.fault("unsupported", t) != nullptr) return std::nullopt;
  if (const auto* lie = board.fault("says", t); lie != nullptr && lie->watts) return *lie->watts * 1e3;
  return std::round(sensor_watts(board.power, sensor, t) * 1e3);
}

template <class T>
T clamped(double value) {
  if (!(value > static_cast<double>(std::numeric_limits<T>::min()))) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

void put(Value& value, int type, double number) {
  value.ull = 0xdeadbeefdeadbeefULL;  // what a narrower type leaves of the union is not to be read
  value.type = type;
  switch (type) {
    case 0:
      value.d = number;
      break;
    case 1:
      value.ui = clamped<unsigned>(number);
      break;
    case 2:
      value.ul = clamped<unsigned long>(number);
      break;
    case 3:
      value.ull = clamped<unsigned long long>(number);
      break;
    case 4:
      value.sll = clamped<long long>(number);
      break;
    case 5:
      value.si = clamped<int>(number);
      break;
    default:
      value.us = clamped<unsigned short>(number);
  }
}

[[maybe_unused]] void answer_field(Board& board, double t, Value& value) {
  std::optional<double> number;
  const Rhythm* rhythm = &board.instant;
  int type = board.power_type;
  if (value.field == 83 && board.supports.contains("energy_field")) {
    number = millijoules(board, t);
    rhythm = &board.counter.rhythm;
    type = board.energy_type;
  } else if (value.field == 186 && value.scope == 0 && board.supports.contains("instant")) {
    number = milliwatts(board, board.instant, t);
  } else if (value.field == 186 && value.scope == 1 && board.supports.contains("module")) {
    number = milliwatts(board, board.instant, t);
    if (number) *number += board.module_watts * 1e3;
  }
  value.code = number ? kOk : kNotSupported;
  if (!number) return;
  value.stamp_us = driver().stamp_us(board, *rhythm, t);
  value.latency_us = 20;
  put(value, type, *number);
}

template <class Number, class Get>
int give(const char* function, void* device, const char* support, Number* to, Get get) {
  return driver().ask(function, device, [&](Board& board, double, const Handle&) -> int {
    if (!board.supports.contains(support)) return kNotSupported;
    *to = static_cast<Number>(get(board));
    return kOk;
  });
}

constexpr ipw::testing::FakeNvmlControl kControl{
    fake_nvml_load,
    fake_nvml_set_time_ns,
    [](void (*sleep)(void*, std::int64_t), void* context) { driver().on_sleep(sleep, context); },
    [] { return driver().wall_start(); },
    fake_nvml_true_joules,
    [](int gpu, double t) { return driver().of_power(gpu, [&](const Waveform& power) { return power.watts(t); }); },
    [](const char* function) { return driver().calls(function); },
};

}  // namespace
}  // namespace ipw::testing::fake_nvml

using namespace ipw::testing::fake_nvml;

extern "C" {

const ipw::testing::FakeNvmlControl* fake_nvml_control() {
  return &kControl;
}
const char* fake_nvml_load(const char* script) {
  static std::string wrong;
  wrong = driver().load(script);
  return wrong.empty() ? nullptr : wrong.c_str();
}
void fake_nvml_set_time_ns(std::int64_t since_start) {
  driver().set_time(since_start);
}
double fake_nvml_true_joules(int gpu, double t) {
  return driver().of_power(gpu, [&](const Waveform& power) { return power.joules(t); });
}

int nvmlInit_v2() {
  return driver().init();
}
int nvmlShutdown() {
  return driver().shutdown();
}
const char* nvmlErrorString(int code) {
  switch (code) {
    case kOk:
      return "Success";
    case kUninitialized:
      return "Uninitialized";
    case kNotSupported:
      return "Not Supported";
    case 4:
      return "Insufficient Permissions";
    case kDriverNotLoaded:
      return "Driver Not Loaded";
    case 15:
      return "GPU is lost";
    case 16:
      return "GPU requires reset";
    case 18:
      return "Driver/library version mismatch";
    default:
      return "Unknown Error";
  }
}
int nvmlSystemGetDriverVersion(char* to, unsigned size) {
  return driver().ask("nvmlSystemGetDriverVersion",
                      [&](const Script& script, double) { return copy(script.driver, to, size); });
}
#ifndef FAKE_NVML_BROKEN
int nvmlDeviceGetCount_v2(unsigned* count) {
  return driver().ask("nvmlDeviceGetCount_v2", [&](const Script& script, double) {
    *count = static_cast<unsigned>(script.boards.size());
    return int{kOk};
  });
}
#endif
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  return driver().ask("nvmlDeviceGetHandleByIndex_v2", [&](const Script& script, double) -> int {
    if (index >= script.boards.size()) return kInvalidArgument;
    if (script.boards[index].hidden != 0) return script.boards[index].hidden;
    return driver().give_handle(static_cast<int>(index), -1, device);
  });
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  return driver().ask("nvmlDeviceGetHandleByUUID", [&](const Script& script, double) -> int {
    for (std::size_t i = 0; i < script.boards.size(); ++i)
      if (script.boards[i].uuid == uuid) return driver().give_handle(static_cast<int>(i), -1, device);
    return kNotFound;
  });
}
int nvmlDeviceGetUUID(void* device, char* to, unsigned size) {
  return driver().ask("nvmlDeviceGetUUID", device,
                      [&](const Board& board, double, const Handle&) { return copy(board.uuid, to, size); });
}
int nvmlDeviceGetName(void* device, char* to, unsigned size) {
  return driver().ask("nvmlDeviceGetName", device, [&](const Board& board, double, const Handle& handle) {
    if (handle.instance < 0) return copy(board.name, to, size);
    return copy(board.name + " MIG " + (*board.mig)[static_cast<std::size_t>(handle.instance)], to, size);
  });
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* to) {
  return driver().measure("nvmlDeviceGetPowerUsage", device, [&](const Board& board, double t, const Handle& handle) {
    const auto number = milliwatts(board, board.average, t);
    if (!number || handle.instance >= 0 || !board.supports.contains("average")) return int{kNotSupported};
    *to = clamped<unsigned>(*number);
    return int{kOk};
  });
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* to) {
  return driver().measure("nvmlDeviceGetTotalEnergyConsumption", device,
                          [&](Board& board, double t, const Handle& handle) {
                            const auto number = millijoules(board, t);
                            if (!number || handle.instance >= 0 || !board.supports.contains("energy_call"))
                              return int{kNotSupported};
                            *to = clamped<unsigned long long>(*number);
                            return int{kOk};
                          });
}
int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* to) {
  return give("nvmlDeviceGetEnforcedPowerLimit", device, "limit", to,
              [](const Board& board) { return board.limit_watts * 1e3; });
}
int nvmlDeviceGetPowerManagementLimitConstraints(void* device, unsigned* least, unsigned* most) {
  *least = 0;
  return give("nvmlDeviceGetPowerManagementLimitConstraints", device, "limit", most,
              [](const Board& board) { return board.max_watts * 1e3; });
}
int nvmlDeviceGetClockInfo(void* device, int, unsigned* to) {
  return give("nvmlDeviceGetClockInfo", device, "clock", to, [](const Board& board) { return board.mhz; });
}
int nvmlDeviceGetMaxClockInfo(void* device, int, unsigned* to) {
  return give("nvmlDeviceGetMaxClockInfo", device, "clock", to, [](const Board& board) { return board.max_mhz; });
}
int nvmlDeviceGetApplicationsClock(void* device, int, unsigned* to) {
  return give("nvmlDeviceGetApplicationsClock", device, "clock", to,
              [](const Board& board) { return board.application_mhz; });
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, unsigned long long* to) {
  return give("nvmlDeviceGetCurrentClocksThrottleReasons", device, "reasons", to,
              [](const Board& board) { return board.reasons; });
}
#ifndef FAKE_NVML_OLD
int nvmlDeviceGetArchitecture(void* device, unsigned* to) {
  return driver().ask("nvmlDeviceGetArchitecture", device, [&](Board& board, double, const Handle&) -> int {
    *to = board.architecture;
    return kOk;
  });
}
int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* to) {
  return give("nvmlDeviceGetCurrentClocksEventReasons", device, "reasons", to,
              [](const Board& board) { return board.reasons; });
}
int nvmlDeviceGetFieldValues(void* device, int count, Value* values) {
  return driver().measure("nvmlDeviceGetFieldValues", device, [&](Board& board, double t, const Handle&) {
    for (int i = 0; i < count; ++i) answer_field(board, t, values[i]);
    return int{kOk};
  });
}
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *pending = 0;
  return give("nvmlDeviceGetMigMode", device, "mig", current, [](const Board& board) { return board.mig ? 1 : 0; });
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* to) {
  return give("nvmlDeviceGetMaxMigDeviceCount", device, "mig", to, [](const Board&) { return 7; });
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** to) {
  return driver().ask("nvmlDeviceGetMigDeviceHandleByIndex", device,
                      [&](const Board& board, double, const Handle& handle) -> int {
                        if (!board.mig || index >= board.mig->size()) return kNotFound;
                        return driver().give_handle(handle.gpu, static_cast<int>(index), to);
                      });
}
int nvmlDeviceIsMigDeviceHandle(void* device, unsigned* to) {
  return driver().ask("nvmlDeviceIsMigDeviceHandle", device, [&](const Board& board, double, const Handle& handle) {
    *to = board.is_mig || handle.instance >= 0 ? 1 : 0;
    return int{kOk};
  });
}
// Never to be called: they change the power that is measured.
int nvmlGpmSampleGet(void*, void*) {
  return driver().ask("nvmlGpmSampleGet", [](const Script&, double) { return int{kOk}; });
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned*, void*) {
  return driver().ask("nvmlDeviceGetComputeRunningProcesses_v3", [](const Script&, double) { return int{kOk}; });
}
#endif
}
