#pragma once

#include <span>
#include <string>

#include "base/result.hpp"

namespace ipw::probes {

// A vendor's library that is there on the machines that have the hardware, and nowhere else: opened by name at run
// time, closed with this. Movable.
class SharedLibrary {
 public:
  // The first of `names` (file names for the loader, or paths) that can be opened. Errors: unavailable, with what the
  // loader said of each.
  static Result<SharedLibrary> open(std::span<const std::string> names);
  SharedLibrary(SharedLibrary&& other) noexcept;
  SharedLibrary& operator=(SharedLibrary&& other) noexcept;
  ~SharedLibrary();

  // The function of that name, or nothing: an older library lacks what a newer one has.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }
  const std::string& name() const { return name_; }

 private:
  SharedLibrary(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  void* symbol(const char* name) const;

  void* handle_;
  std::string name_;
};

}  // namespace ipw::probes
