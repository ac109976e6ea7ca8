#include "probes/sources/nvml_library.hpp"

#include <utility>

namespace ipw::probes::nvml {
namespace {

template <class Function>
void find(const SharedLibrary& library, const char* name, Function*& function) {
  function = library.function<Function>(name);
}

template <class Function>
void require(const SharedLibrary& library, const char* name, Function*& function, std::string& missing) {
  find(library, name, function);
  if (function == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(name);
}

void find_optional(const SharedLibrary& library, Functions& f) {
  find(library, "nvmlErrorString", f.error_text);
  find(library, "nvmlDeviceGetHandleByUUID", f.by_uuid);
  find(library, "nvmlDeviceGetName", f.name);
  find(library, "nvmlSystemGetDriverVersion", f.driver_version);
  find(library, "nvmlDeviceGetArchitecture", f.architecture);
  find(library, "nvmlDeviceGetFieldValues", f.field_values);
  find(library, "nvmlDeviceGetTotalEnergyConsumption", f.energy);
  find(library, "nvmlDeviceGetPowerUsage", f.power);
  find(library, "nvmlDeviceGetEnforcedPowerLimit", f.enforced_limit);
  find(library, "nvmlDeviceGetPowerManagementLimitConstraints", f.limits);
  find(library, "nvmlDeviceGetClockInfo", f.clock);
  find(library, "nvmlDeviceGetMaxClockInfo", f.max_clock);
  find(library, "nvmlDeviceGetApplicationsClock", f.application_clock);
  find(library, "nvmlDeviceGetCurrentClocksEventReasons", f.throttle_reasons);
  if (f.throttle_reasons == nullptr)  // its name until driver 535
    find(library, "nvmlDeviceGetCurrentClocksThrottleReasons", f.throttle_reasons);
  find(library, "nvmlDeviceGetMigMode", f.mig_mode);
  find(library, "nvmlDeviceGetMaxMigDeviceCount", f.mig_count);
  find(library, "nvmlDeviceGetMigDeviceHandleByIndex", f.mig_by_index);
  find(library, "nvmlDeviceIsMigDeviceHandle", f.is_mig);
}

std::string what_helps(int code) {
  switch (code) {
    case kDriverNotLoaded:
      return ": load the kernel's driver (nvidia-smi does), or give the container the GPU's device files";
    case kNoPermission:
      return ": this user may not open /dev/nvidia*";
    case kVersionMismatch:
      return ": the driver was updated and not yet reloaded; reload it, or restart the machine";
    default:
      return "";
  }
}

}  // namespace

Result<Library> Library::open(std::span<const std::string> names) {
  auto library = SharedLibrary::open(names);
  if (!library) return Error{Errc::unavailable, "no NVIDIA driver: " + library.error().message};

  Functions functions;
  std::string missing;
  require(*library, "nvmlInit_v2", functions.init, missing);
  require(*library, "nvmlShutdown", functions.shutdown, missing);
  require(*library, "nvmlDeviceGetCount_v2", functions.count, missing);
  require(*library, "nvmlDeviceGetHandleByIndex_v2", functions.by_index, missing);
  require(*library, "nvmlDeviceGetUUID", functions.uuid, missing);
  if (!missing.empty())
    return Error{Errc::unavailable, library->name() + " lacks " + missing + ": not NVIDIA's library, or too old"};
  find_optional(*library, functions);

  Library session(std::move(*library), functions);
  if (const int code = functions.init(); code != kOk) {
    session.open_ = false;
    return Error{Errc::unavailable,
                 session.library_.name() + ": nvmlInit: " + session.describe(code) + what_helps(code)};
  }
  return session;
}

Library::Library(Library&& other) noexcept
    : library_(std::move(other.library_)), functions_(other.functions_), open_(std::exchange(other.open_, false)) {}

Library::~Library() {
  if (open_) functions_.shutdown();
}

std::string Library::describe(int code) const {
  const char* said = functions_.error_text == nullptr ? nullptr : functions_.error_text(code);
  const auto number = "NVML " + std::to_string(code);
  return said == nullptr ? number : std::string(said) + " (" + number + ")";
}

}  // namespace ipw::probes::nvml
