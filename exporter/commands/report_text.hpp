#pragma once

#include <string>

#include "exporter/analysis/report.hpp"

namespace ipw {

// For people: a Markdown document. Sections that nothing is known for are left out.
std::string report_markdown(const Report& report);

// Its part on windows: the newest cycle, the last day, all records, each by subject and language, with bounds.
std::string windows_markdown(const Report& report);

// For programs: one object with `journals`, `targets`, `judges` and `comparison`. Unknown is null.
std::string report_json(const Report& report);

}  // namespace ipw
