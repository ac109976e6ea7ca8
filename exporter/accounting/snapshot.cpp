#include "exporter/accounting/snapshot.hpp"

namespace ipw {

std::string_view to_text(Share share) {
  constexpr std::string_view kNames[kShares] = {"query", "invalid", "cancelled", "warmup",
                                                "judge", "idle",    "foreign",   "unattributed"};
  return kNames[static_cast<std::size_t>(share)];
}

std::span<const double> joule_buckets() {
  static constexpr double kBounds[] = {0.1, 0.2, 0.5, 1,   2,   5,   10,  20,  50,  100, 200,
                                       500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6};
  return kBounds;
}

std::span<const double> watt_buckets() {
  static constexpr double kBounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5};
  return kBounds;
}

std::span<const double> duration_buckets() {
  static constexpr double kBounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                       1,     2.5,    5,     10,   25,    50,   100, 300,  600};
  return kBounds;
}

std::span<const double> gap_buckets() {
  static constexpr double kBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                       0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return kBounds;
}

std::span<const double> failure_buckets() {
  static constexpr double kBounds[] = {0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100};
  return kBounds;
}

std::span<const double> concurrency_buckets() {
  static constexpr double kBounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  return kBounds;
}

}  // namespace ipw
