#pragma once

#include <cstdint>

namespace ipw::testing {

// What the fake libamd_smi and librocm_smi64 show, and what was asked of them. Lives in the library; the test writes,
// the library reads, on one thread.
struct FakeSmi {
  struct Gpu {
    std::uint64_t domain, bus, device, function;
    const char* name;
    double watts;
    bool shows_average;  // in the field for averages, the one for the current power is not available
    std::uint64_t counted;
    float microjoules;  // one unit of it
    int status;         // of every call that asks this GPU
  };
  static constexpr int kMost = 4;
  Gpu gpus[kMost];
  std::uint32_t count;
  std::uint32_t claimed;  // a library that lies: it says that there are that many; 0: it does not
  int init_status;
  int inits, shut_downs;
  bool initialised;  // false: forgotten, every call says so until the next init
};

}  // namespace ipw::testing
