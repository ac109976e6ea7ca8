#pragma once

#include <string>

#include "exporter/analysis/report.hpp"

namespace ipw {

// One self-contained page: it opens from a disk, and asks for nothing from anywhere. `sidecar`: base URL of a sidecar
// whose pages of queries are linked; empty: none.
std::string report_html(const Report& report, const std::string& sidecar);

// What its plots draw, as JSON: for each target points (at most PointSample::kPoints), lines, bins, density, power over
// time. What is unknown is null.
std::string report_plots_json(const Report& report, const std::string& sidecar);

}  // namespace ipw
