#pragma once

#include <dlfcn.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/time.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_nvml/fake_nvml.hpp"

namespace ipw::testing {

// The fake NVIDIA driver in virtual time, in step with a FakeClock: time 0 of the script is when this was made. One at
// a time per library: a process has one driver. Throws when the script is wrong.
class NvmlMachine {
 public:
  NvmlMachine(const std::string& script, FakeClock& clock, std::filesystem::path library = IPW_FAKE_NVML)
      : library_(std::move(library)),
        handle_(::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL)),
        clock_(clock),
        start_(clock.now()) {
    if (handle_ == nullptr) throw std::runtime_error(::dlerror());
    using GetControl = const FakeNvmlControl*();
    control_ = reinterpret_cast<GetControl*>(::dlsym(handle_, "fake_nvml_control"))();
    if (const char* wrong = control_->load(script.c_str())) throw std::runtime_error(wrong);
    follow();
    control_->on_sleep(
        [](void* machine, std::int64_t ns) {
          static_cast<NvmlMachine*>(machine)->advance(std::chrono::nanoseconds(ns));
        },
        this);
  }
  ~NvmlMachine() {
    control_->on_sleep(nullptr, nullptr);
    ::dlclose(handle_);
  }
  NvmlMachine(const NvmlMachine&) = delete;
  NvmlMachine& operator=(const NvmlMachine&) = delete;

  // The line of configuration that makes the source use this library.
  std::string options() const { return "library: " + library_.string() + "\n"; }
  const FakeNvmlControl& control() const { return *control_; }

  MonoTime at(double seconds) const { return start_ + to_chrono(Seconds{seconds}); }
  double seconds() const { return between(start_, clock_.now()).value; }
  // The fake's wall clock, for nvml::open_source (probes/sources/nvml_source.hpp). A source that the catalogue opens
  // has the real one, so that it cannot believe the stamps of virtual time and takes the middle of each call.
  WallTime wall() const {
    const auto since_epoch = std::chrono::nanoseconds(control_->wall_start_ns()) + (clock_.now() - start_);
    return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
  }

  void advance(std::chrono::nanoseconds by) {
    clock_.advance(by);
    follow();
  }
  void go_to(double seconds) { advance(at(seconds) - clock_.now()); }
  // After somebody else moved the clock.
  void follow() { control_->set_time_ns((clock_.now() - start_) / std::chrono::nanoseconds(1)); }

  // The truth.
  double joules(int gpu, double from, double to) const {
    return control_->true_joules(gpu, to) - control_->true_joules(gpu, from);
  }

 private:
  std::filesystem::path library_;
  void* handle_;
  FakeClock& clock_;
  MonoTime start_;
  const FakeNvmlControl* control_{nullptr};
};

}  // namespace ipw::testing
