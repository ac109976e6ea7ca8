#pragma once

#include <optional>

#include "replay/dialect.hpp"

namespace ipw {

// Dollars per million tokens, as the target's provider charges them.
struct Pricing {
  double input_per_million{0}, output_per_million{0};

  // Nothing where the server did not state its token counts.
  std::optional<double> dollars(const replay::Usage& usage) const {
    if (!usage.input_tokens || !usage.output_tokens) return std::nullopt;
    return (input_per_million * static_cast<double>(*usage.input_tokens) +
            output_per_million * static_cast<double>(*usage.output_tokens)) /
           1e6;
  }
};

}  // namespace ipw
