#pragma once

#include <string>

#include "exporter/analysis/report.hpp"

namespace ipw {

// For people: a Markdown document. Sections that nothing is known for are left out.
std::string report_markdown(const Report& report);

// Its part on windows: the newest cycle, the last day, all records, each by subject and language, with bounds.
std::string windows_markdown(const Report& report);

// Its parts on targets, slices, judges, coverage, routing and tries.
std::string details_markdown(const Report& report);

// Further parts of it; each is empty where there is nothing to say.
std::string fits_markdown(const Report& report);           // lines of TTFT, latency, energy and power over tokens
std::string distributions_markdown(const Report& report);  // quantiles of the same
std::string formulas_markdown(const Report& report);       // ours beside the published harness's
std::string failures_markdown(const Report& report);       // with reasons
std::string paired_markdown(const Report& report);         // what moved, query by query
std::string method_markdown(const Report& report);         // and versions

// For programs: one object with `journals`, `targets`, `judges` and `comparison`. Unknown is null.
std::string report_json(const Report& report);
// Parts of it: of a target, `imported`, `fits`, `distributions`, `published`, `failures`, `epochs`; of a comparison,
// what moved query by query.
std::string target_analysis_json(const TargetReport& target);
std::string paired_json(const Comparison& comparison);

}  // namespace ipw
