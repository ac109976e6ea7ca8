#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ipw {

// How many values fall into each of equally wide bins; the last one contains its upper edge.
struct Bins {
  double lower{0}, width{0};
  std::vector<std::uint64_t> counts{};
};

// Bins as wide as Freedman and Diaconis (1981) say, 2·IQR/n^(1/3), rounded up to 1, 2 or 5 times a power of ten, and
// wider where that would be more than 50. Nothing of no values. REQUIRES: all finite, sorted.
std::optional<Bins> bins_of(std::span<const float> sorted);

// A Gaussian kernel density with Silverman's bandwidth, 0.9·min(sd, IQR/1.34)/n^(1/5), over values that cannot be below
// 0: what the kernel would put there is reflected. Its integral is 1.
struct KernelDensity {
  std::uint64_t n{0};
  double bandwidth{0};
  double lower{0}, step{0};       // where the curve is known: at lower + i·step
  std::vector<double> density{};  // for a unit of the value
};
constexpr std::size_t kDensityPoints = 201;
constexpr std::size_t kMinimumForDensity = 20;
// Nothing of fewer than kMinimumForDensity values or where they do not vary. REQUIRES: all finite, not negative,
// sorted.
std::optional<KernelDensity> density_of(std::span<const float> sorted);

}  // namespace ipw
