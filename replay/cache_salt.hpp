#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace ipw::replay {

// Texts that were never given before, also not by another run: servers share cached prompts only between requests of
// one salt. Thread-safe.
class CacheSalt {
 public:
  CacheSalt();
  std::string next() const { return run_ + "-" + std::to_string(++count_); }

 private:
  std::string run_;
  mutable std::atomic<std::uint64_t> count_{0};
};

}  // namespace ipw::replay
