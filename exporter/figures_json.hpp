#pragma once

#include <span>
#include <string>

#include "exporter/statistics/window_figures.hpp"

namespace ipw {

// Windows as a JSON list, each with its figures, their bounds, and its slices. What is not known is null.
std::string figures_json(std::span<const WindowFigures> windows);

}  // namespace ipw
