#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/analysis/published_figures.hpp"

namespace ipw {

// One model's answer to one query, as the published harness recorded it. What it does not know, or marks with -1, 0 or
// null, is unknown here. It has no times of day: `sent_at` counts seconds from 1970 on.
struct ImportedRecord {
  AttemptRecord record;
  PublishedSample sample;
};

// Reads a JSONL file of the harness's records: those of `ipw profile` (`problem`, `model_metrics`, ...) and the traces
// of `ipw run` (`query_id`, `workload_type`, ...). A target is `MODEL@PATH`, or `ipw@PATH` for a trace, which does not
// name its model. The same problem has the same id in every file. Errors: unavailable (the file), invalid (`PATH:LINE:`
// and what was expected there).
Result<void> read_ipw_records(const std::string& path, const std::function<void(const ImportedRecord&)>& each);

}  // namespace ipw
