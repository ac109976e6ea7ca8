#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/accounting/record.hpp"

namespace ipw {

// What attempts drew in one scope.
struct Drawn {
  Joules energy{0};
  probes::Quality quality{};
};
// Of all these attempts together. Nothing where one of them is not metered or not valid there, or where their quality
// differs: unknown is not 0.
std::optional<Drawn> drawn(std::span<const AttemptRecord> attempts, probes::Scope scope);

// A query that is finished for good: answered, failed or given up, not cancelled.
struct FinishedQuery {
  std::span<const AttemptRecord> attempts;  // in the order in which they were sent; the last one is final

  const AttemptRecord& last() const { return attempts.back(); }
  // Whether no attempt is missing: without all of them nobody knows what the query cost.
  bool whole() const { return static_cast<std::size_t>(last().attempt) == attempts.size(); }
};

// Puts records together to queries. Records come in any order, except that those of a query which was cancelled and
// asked again in the same cycle come as they were stored. Keeps what belongs to queries that are not finished yet.
class FinishedQueries {
 public:
  using Each = std::function<void(const FinishedQuery&)>;
  // `each` is told of a query as soon as all its attempts are there; their problems and answers may be left out.
  explicit FinishedQueries(Each each) : each_(std::move(each)) {}

  void add(const AttemptRecord& record);
  // No record will follow: tells of the finished queries of which attempts are missing.
  void finish();

 private:
  using Attempts = std::vector<AttemptRecord>;
  static Attempts ending_with_final(const Attempts& attempts);

  Each each_;
  std::unordered_map<std::string, Attempts> open_;  // by target, corpus, cycle and query
};

}  // namespace ipw
