#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "probes/shared_library.hpp"

// What we use of NVIDIA's management library (libnvidia-ml.so.1, part of every driver): declared here, so that neither
// its header nor the library is needed to build. Source: NVML API Reference Guide, API version 12 and 13. Nothing of
// GPM, profiling counters or process lists is here: asking for those changes the power that is measured.
namespace ipw::probes::nvml {

struct Board;  // opaque
using Device = Board*;

// nvmlReturn_t
inline constexpr int kOk = 0, kUninitialized = 1, kNotSupported = 3, kNoPermission = 4, kDriverNotLoaded = 9,
                     kFunctionNotFound = 13, kGpuIsLost = 15, kResetRequired = 16, kVersionMismatch = 18;

// Field ids and scopes of nvmlDeviceGetFieldValues.
inline constexpr unsigned kTotalEnergy = 83;    // millijoules since the driver was loaded
inline constexpr unsigned kInstantPower = 186;  // milliwatts
inline constexpr unsigned kScopeGpu = 0, kScopeModule = 1;
inline constexpr int kSmClock = 1;  // nvmlClockType_t

// nvmlFieldValue_t. `type` (nvmlValueType_t) says which member of the union is set.
struct FieldValue {
  unsigned field, scope;
  long long stamp_us;    // since 1970, of the wall clock; 0: not told
  long long latency_us;  // how long the driver took
  int type;
  int code;  // nvmlReturn_t of this value
  union {
    double as_double;
    unsigned as_uint;
    unsigned long as_ulong;
    unsigned long long as_ull;
    long long as_sll;
    int as_int;
    unsigned short as_ushort;
  };
};
static_assert(sizeof(FieldValue) == 40);

// The library's functions. All return an nvmlReturn_t. Those after `uuid` may be null: older drivers lack them.
struct Functions {
  int (*init)(){};
  int (*shutdown)(){};
  int (*count)(unsigned*){};
  int (*by_index)(unsigned, Device*){};
  int (*uuid)(Device, char*, unsigned){};

  const char* (*error_text)(int){};
  int (*by_uuid)(const char*, Device*){};
  int (*name)(Device, char*, unsigned){};
  int (*driver_version)(char*, unsigned){};
  int (*architecture)(Device, unsigned*){};
  int (*field_values)(Device, int, FieldValue*){};
  int (*energy)(Device, unsigned long long*){};        // millijoules
  int (*power)(Device, unsigned*){};                   // milliwatts; on Ampere and later the mean of the last second
  int (*enforced_limit)(Device, unsigned*){};          // milliwatts
  int (*limits)(Device, unsigned*, unsigned*){};       // milliwatts: least, most
  int (*clock)(Device, int, unsigned*){};              // MHz
  int (*max_clock)(Device, int, unsigned*){};          // MHz
  int (*application_clock)(Device, int, unsigned*){};  // MHz
  int (*throttle_reasons)(Device, unsigned long long*){};
  int (*mig_mode)(Device, unsigned*, unsigned*){};  // now, after the next reset
  int (*mig_count)(Device, unsigned*){};            // how many there can be
  int (*mig_by_index)(Device, unsigned, Device*){};
  int (*is_mig)(Device, unsigned*){};
};

// Calls what may be missing.
template <class... Parameters, class... Arguments>
int call(int (*function)(Parameters...), Arguments... arguments) {
  return function == nullptr ? kFunctionNotFound : function(arguments...);
}

// The text that a function such as `uuid` gives; empty when it fails.
template <class... Parameters, class... Arguments>
std::string text(int (*function)(Parameters...), Arguments... arguments) {
  char buffer[128] = {};
  if (call(function, arguments..., static_cast<char*>(buffer), static_cast<unsigned>(sizeof buffer - 1)) != kOk)
    return "";
  return static_cast<const char*>(buffer);
}

// A session with the driver: the library, loaded and initialised; ends with this. Movable.
class Library {
 public:
  // The first of `names` that can be loaded. Errors: unavailable (no library, it lacks a function, it finds no driver:
  // the reason and what helps).
  static Result<Library> open(std::span<const std::string> names);
  Library(Library&& other) noexcept;
  Library& operator=(Library&&) = delete;
  ~Library();

  const Functions* operator->() const { return &functions_; }
  const Functions& functions() const { return functions_; }
  // "GPU is lost (NVML 15)"
  std::string describe(int code) const;

 private:
  Library(SharedLibrary library, const Functions& functions) : library_(std::move(library)), functions_(functions) {}

  SharedLibrary library_;
  Functions functions_;
  bool open_{true};
};

// Whether after this code nothing but a new handle, or a new session, can help.
constexpr bool is_loss(int code) {
  return code == kUninitialized || code == kDriverNotLoaded || code == kGpuIsLost || code == kResetRequired ||
         code == kVersionMismatch;
}

}  // namespace ipw::probes::nvml
