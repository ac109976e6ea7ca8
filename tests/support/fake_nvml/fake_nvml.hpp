#pragma once

#include <cstdint>

// How a test drives the fake libnvidia-ml.so.1 (fake_nvml.cpp), whose path is the compile definition IPW_FAKE_NVML.
// Beside it lie old/libnvidia-ml.so.1 (has no function that a driver of 2018 lacked) and broken/libnvidia-ml.so.1
// (lacks nvmlDeviceGetCount_v2). In a test use NvmlMachine (nvml_machine.hpp), which does all of this.
//
// In process: dlopen the library, keep it open, take fake_nvml_control() by dlsym, load() a script, set_time_ns().
// In the real program: FAKE_NVML_SCRIPT=FILE in the environment is loaded by the first nvmlInit, and time is
// CLOCK_MONOTONIC since then; or since FAKE_NVML_START_NS (a value of CLOCK_MONOTONIC), so that another process that
// loads the same script can ask for the truth of the same instants. The library stays loaded after dlclose.
//
// A script is text: a line is a word and its `key=value`s; `#` begins a comment. Times are in seconds since time 0.
//
//   driver 580.65.06                 version of the driver (this is the default)
//   wall 1763733600                  wall clock at time 0, seconds since 1970 (default: this, or the real one)
//   reload at=20 for=1               the driver is gone from 20 to 21: calls of a session begun before 21 give 1
//                                    (UNINITIALIZED), nvmlInit gives 9 until 21; every counter begins at 0 at 21
//   init from=0 to=5 code=9          nvmlInit gives this meanwhile (default: from 0, for ever)
//
//   gpu GPU-6d9c3f62-...             begins a board, by its UUID; what follows is of it
//   name NVIDIA H200                 (this is the default)
//   architecture number=9            nvmlDeviceGetArchitecture: 9 is Hopper, 7 Ampere, 6 Turing
//   power at=0 watts=100             P(t) from here on. The first must be at 0. Default: 100 W for ever. Not 0 W:
//                                    the source takes a power of 0 for no answer
//   square at=2 high=600 low=90 period=0.5 duty=0.5 phase=0
//                                    P(t) from here on: high from at - phase for duty * period, then low
//   repeat every=10                  P(t) so far repeats with this period
//   counter period=0.02 phase=0 jitter=0 gain=1 window=0 start=1000
//                                    the energy counter moves at phase + k * period, each by up to
//                                    +-jitter seconds early or late (jitter < period / 2), to the truth at that instant
//                                    times gain, plus `start` joules until the first reload. Window > 0: it adds the
//                                    mean power of the last `window` seconds times the period, at each move, as of a
//                                    sensor with a duty of window / period
//   instant period=0.1 phase=0 window=0.025 gain=1
//                                    the sensor behind POWER_INSTANT: moves at phase + k * period to the mean of the
//                                    last `window` seconds; window=0: to P at that instant
//   average period=0.1 phase=0 window=1 gain=1
//                                    likewise behind nvmlDeviceGetPowerUsage
//   module watts=250                 what the module draws beyond the GPU (scope MODULE), default 0
//   limit watts=700 max=700          enforced limit and the greatest that may be set
//   clock mhz=1980 max=1980 application=1980
//   reasons bits=4                   of nvmlDeviceGetCurrentClocksEventReasons
//   mig 1g.18gb 1g.18gb 3g.71gb      MIG is on, with these instances (none: on and empty)
//   supports energy_field energy_call instant module average limit clock reasons mig
//                                    replaces the list of what is supported (this is the default, less `module`)
//   types energy=ull power=uint      valueType of the fields: double, uint, ulong, ull, sll, int, ushort
//   stamps call                      the stamp of a field's value: `call` (the middle of the call), `update` (when the
//                                    counter or sensor last moved), `none` (0), or `off seconds=3600` (call, shifted)
//   lost from=5 to=8 code=15         its calls give this code; a handle got before `to` keeps giving it
//   unsupported from=5 to=5.1        its energy and power give 3 (NOT_SUPPORTED)
//   zero from=5 to=5.1               its energy reads 0
//   stuck from=5 to=7                its counter does not move; then it shows the truth again
//   slow from=5 to=6 ms=300          calls for its energy and power take this long
//   says from=5 to=6 watts=1e9 millijoules=18446744073709551615
//                                    its sensors lie (either key may be left out)
//   hidden code=4                    nvmlDeviceGetHandleByIndex gives this code
//   is_mig                           its handle says that it is a MIG slice
//
// Every call costs O(log steps), some microseconds at -O0; a counter with a window costs its moves once each, on the
// way.
namespace ipw::testing {

struct FakeNvmlControl {
  // Begins anew with this script: no session, real time from 0, counts at 0. Null, or what is wrong and in which line.
  const char* (*load)(const char* script);
  // From now on time is virtual and only this moves it. Never goes back.
  void (*set_time_ns)(std::int64_t since_start);
  // In virtual time a slow call sleeps by calling this (which should move its own clock and set_time_ns); without it
  // the fake moves its time itself.
  void (*on_sleep)(void (*sleep)(void* context, std::int64_t nanoseconds), void* context);
  // Wall clock of time 0, nanoseconds since 1970.
  std::int64_t (*wall_start_ns)();
  // The exact integral of P of a board (in the order of the script) from 0 to t, in joules; P at t, in watts.
  double (*true_joules)(int gpu, double t);
  double (*true_watts)(int gpu, double t);
  // How often a function of the API was called since load(), by its name.
  std::int64_t (*calls)(const char* function);
};

}  // namespace ipw::testing

extern "C" {
const ipw::testing::FakeNvmlControl* fake_nvml_control();
// The same as in the table, for callers without C++ (Python's ctypes).
const char* fake_nvml_load(const char* script);
void fake_nvml_set_time_ns(std::int64_t since_start);
double fake_nvml_true_joules(int gpu, double t);
}
