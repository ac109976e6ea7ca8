#pragma once

#include <cstdint>
#include <string_view>

namespace ipw::replay {

// Chance that is the same on every machine and with every standard library: a seed gives the same choices for ever.
// Not for secrets.

// FNV-1a from a start of the seed's own, mixed: cheap for the short texts that ids are.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed);
// The n-th number of the seed's sequence (splitmix64), in any order.
std::uint64_t nth_random(std::uint64_t seed, std::uint64_t n);
// The same as a number in [0, 1).
double nth_unit(std::uint64_t seed, std::uint64_t n);

}  // namespace ipw::replay
