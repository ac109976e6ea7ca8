#pragma once

#include <cstdint>
#include <optional>

#include "exporter/accounting/interval.hpp"

namespace ipw {

// A sum of scores in [0,1] over that many cases. Nothing is known of no cases.
struct Proportion {
  double sum{0};
  std::uint64_t n{0};

  void add(double score) {
    sum += score;
    ++n;
  }
  std::optional<double> value() const { return ratio(sum, static_cast<double>(n)); }
  std::optional<Bounds> bounds() const {  // Wilson, 95 %
    return n > 0 ? std::optional(wilson(sum, static_cast<double>(n))) : std::nullopt;
  }
  bool operator==(const Proportion&) const = default;
};

// A figure and its 95 % bounds.
struct Estimate {
  double value{0};
  Bounds bounds;
};

}  // namespace ipw
