#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/regression/baseline.hpp"
#include "exporter/store/epoch_store.hpp"
#include "exporter/store/journal.hpp"

namespace ipw {

// The cycles that a target has in one epoch: how many queries of each are completed.
using CycleSizes = std::map<std::uint64_t, std::uint64_t>;
Result<CycleSizes> cycles_of(const Journal& journal, const BaselineEntry& entry);
// Those of them in which hardly a query is missing: nine tenths of the largest one's.
std::vector<std::uint64_t> whole_cycles(const CycleSizes& sizes);

// What the journal holds of an entry's cycles. Errors: unavailable, where that is too little yet.
Result<PanelBaseline> baseline_of(const Journal& journal, const BaselineEntry& entry);

}  // namespace ipw
