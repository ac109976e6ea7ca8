#pragma once

#include <string_view>

namespace ipw {

// One row a judged query and scope that is valid. The attempts before its last one are those since the query was last
// cancelled, if it ever was; one of them that is not valid makes the sum NULL. Added up by the caller, because SQLite
// would sort the rows first.
inline constexpr std::string_view kMetered = R"sql(
SELECT a.target, e.scope, e.quality, a.score, e.gross_j + CASE WHEN a.attempt = 1 THEN 0 ELSE (
  SELECT CASE WHEN total(f.validity <> ?1) > 0 THEN NULL ELSE total(f.gross_j) END
  FROM attempts b JOIN energy f ON f.attempt = b.number AND f.scope = e.scope
  WHERE b.done = 0 AND b.target = a.target AND b.corpus = a.corpus AND b.cycle = a.cycle AND b.query_id = a.query_id
    AND b.number > coalesce((
      SELECT max(c.number) FROM attempts c
      WHERE c.done = 0 AND c.final = 1 AND c.target = a.target AND c.corpus = a.corpus AND c.cycle = a.cycle
        AND c.query_id = a.query_id), 0)
) END
FROM energy e CROSS JOIN attempts a ON a.number = e.attempt
WHERE a.done = 1 AND a.verdict IS NOT NULL AND e.validity = ?1
)sql";

// A query counts when it goes out for the first time; the rest when an attempt ends.
inline constexpr std::string_view kSpent = R"sql(
SELECT coalesce(sum(a.attempt = 1 AND a.sent_us >= ?1), 0),
  total(a.cost_usd) FILTER (WHERE a.ended_us >= ?2), total(e.gross_j) FILTER (WHERE a.ended_us >= ?2)
FROM attempts a LEFT JOIN energy e ON e.attempt = a.number AND e.scope = ?3
WHERE a.target = ?4
)sql";

// From the newest cycle or the one before: each is one look into an index.
inline constexpr std::string_view kNewestAnswer = R"sql(
WITH newest(cycle) AS (SELECT max(cycle) FROM attempts WHERE target = ?1 AND corpus = ?2 AND done = 1)
SELECT answer FROM attempts
WHERE done = 1 AND target = ?1 AND corpus = ?2 AND query_id = ?3 AND answer <> ''
  AND cycle IN (SELECT cycle FROM newest UNION ALL SELECT cycle - 1 FROM newest)
ORDER BY cycle DESC LIMIT 1
)sql";

// Each cycle is one look into each of the two indexes.
inline constexpr std::string_view kSameQuery = R"sql(
 FROM attempts WHERE number IN (
  WITH RECURSIVE near(cycle) AS (SELECT ?4 - 5 UNION ALL SELECT cycle + 1 FROM near WHERE cycle < ?4 + 5)
  SELECT a.number FROM near CROSS JOIN attempts a
  WHERE a.done = 1 AND a.target = ?1 AND a.corpus = ?2 AND a.cycle = near.cycle AND a.query_id = ?3
  UNION ALL
  SELECT a.number FROM near CROSS JOIN attempts a
  WHERE a.done = 0 AND a.target = ?1 AND a.corpus = ?2 AND a.cycle = near.cycle AND a.query_id = ?3)
ORDER BY number LIMIT 100
)sql";

}  // namespace ipw
