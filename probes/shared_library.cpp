#include "probes/shared_library.hpp"

#include <dlfcn.h>

#include <utility>

namespace ipw::probes {

Result<SharedLibrary> SharedLibrary::open(std::span<const std::string> names) {
  std::string reasons;
  for (const auto& name : names) {
    if (void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return SharedLibrary(handle, name);
    const char* reason = ::dlerror();
    reasons += (reasons.empty() ? "" : "; ") + (reason ? std::string(reason) : name);
  }
  return Error{Errc::unavailable, reasons};
}

SharedLibrary::SharedLibrary(SharedLibrary&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), name_(std::move(other.name_)) {}

SharedLibrary& SharedLibrary::operator=(SharedLibrary&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(name_, other.name_);
  return *this;
}

SharedLibrary::~SharedLibrary() {
  if (handle_) ::dlclose(handle_);
}

void* SharedLibrary::symbol(const char* name) const {
  return ::dlsym(handle_, name);
}

}  // namespace ipw::probes
