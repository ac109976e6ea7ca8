#pragma once

#include <dlfcn.h>

#include <string>

#include "tests/support/fake_amdsmi/fake_smi.hpp"

namespace ipw::testing {

// One of the fakes, with nothing in it. Keeps it loaded.
class LoadedFakeSmi {
 public:
  explicit LoadedFakeSmi(const std::string& file)
      : path_(std::string(IPW_FAKE_AMDSMI) + "/" + file), handle_(::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    shown_ = reinterpret_cast<FakeSmi* (*)()>(::dlsym(handle_, "fake_smi"))();
    *shown_ = FakeSmi{};
  }
  ~LoadedFakeSmi() { ::dlclose(handle_); }
  LoadedFakeSmi(const LoadedFakeSmi&) = delete;
  LoadedFakeSmi& operator=(const LoadedFakeSmi&) = delete;

  const std::string& path() const { return path_; }
  FakeSmi* operator->() const { return shown_; }

  FakeSmi::Gpu& add(std::uint64_t bus, const char* name, double watts) const {
    auto& gpu = shown_->gpus[shown_->count++];
    gpu = {0, bus, 0, 0, name, watts, false, 0, 15.259F, 0};
    return gpu;
  }

 private:
  std::string path_;
  void* handle_;
  FakeSmi* shown_;
};

}  // namespace ipw::testing
