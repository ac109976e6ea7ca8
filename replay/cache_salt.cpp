#include "replay/cache_salt.hpp"

#include <cstdio>
#include <random>

namespace ipw::replay {

CacheSalt::CacheSalt() {
  std::random_device device;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", static_cast<unsigned>(device()), static_cast<unsigned>(device()));
  run_ = text;
}

}  // namespace ipw::replay
