#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

// splitmix64's finaliser.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

// Seeds that differ in a byte must not meet texts that differ in theirs: the seed is mixed first.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mixed(seed ^ 0xCBF29CE484222325u);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return mixed(hash ^ text.size());
}

std::uint64_t nth_random(std::uint64_t seed, std::uint64_t n) {
  return mixed(seed + (n + 1) * 0x9E3779B97F4A7C15u);
}

double nth_unit(std::uint64_t seed, std::uint64_t n) {
  return static_cast<double>(nth_random(seed, n) >> 11) * 0x1p-53;
}

}  // namespace ipw::replay
