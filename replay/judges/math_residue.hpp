#pragma once

#include <cstdint>
#include <optional>

#include "replay/judges/math_expression.hpp"

// The normal form of rational functions: their values modulo large primes at random points (Schwartz 1980, Zippel
// 1979). Two that differ as functions, or as numbers of any size, have different values at all but a share of about
// degree/2^31 of the points of each prime; two that are equal never differ. pi and e are variables here: no
// rational function of one of them has another value than its form says. i is a root of -1, which these primes have.

namespace ipw::replay {

// Sums, products, quotients and whole powers of numbers and symbols, factorials and binomials of numbers.
bool is_rational(const MathNode& node);

// The value modulo the `round`-th prime at a point of that round; nothing where it divides by zero.
// REQUIRES: is_rational(node), round < kResidueRounds.
constexpr std::uint64_t kResidueRounds = 6;
std::optional<std::uint64_t> residue(const MathNode& node, std::uint64_t round, std::uint64_t point = 0);

// Whether a/b and c/d are the same in the field of that round; nothing where one is not defined.
std::optional<bool> same_ratio(const MathNode& above, const MathNode& below, std::uint64_t round);

}  // namespace ipw::replay
