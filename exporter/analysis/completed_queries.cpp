#include "exporter/analysis/completed_queries.hpp"

#include "exporter/analysis/finished_queries.hpp"

namespace ipw {

Result<void> for_each_completed(const Journal& journal, WallTime since,
                                const std::function<void(const CompletedQuery&)>& each) {
  FinishedQueries finished([&](const FinishedQuery& query) {
    if (query.last().verdict && query.whole() && query.last().ended_at >= since) each(completed_query(query.attempts));
  });
  return journal.for_each([&](const AttemptRecord& record) {
    finished.add(record);
    return true;
  });
}

}  // namespace ipw
