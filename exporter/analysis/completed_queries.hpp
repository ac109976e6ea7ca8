#pragma once

#include <functional>

#include "base/result.hpp"
#include "exporter/accounting/completed_query.hpp"
#include "exporter/store/journal.hpp"

namespace ipw {

// Tells of every query in the journal of which everything is known and that ended since then, oldest first, as the
// ledger did when it was completed.
Result<void> for_each_completed(const Journal& journal, WallTime since,
                                const std::function<void(const CompletedQuery&)>& each);

}  // namespace ipw
