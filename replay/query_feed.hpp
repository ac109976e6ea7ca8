#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "replay/corpus.hpp"

namespace ipw::replay {

struct FedItem {
  std::shared_ptr<const CorpusItem> item;
  std::uint64_t cycle;
};

// Where a target's queries come from: streams a corpus once or for ever, leaving out what was already done. One thread.
class QueryFeed {
 public:
  struct Plan {
    // Opens the corpus from its beginning; called once a cycle.
    std::function<Result<std::unique_ptr<CorpusReader>>()> open;
    std::uint64_t first_cycle{0};
    bool repeat{false};                        // begin again at the end
    std::optional<std::uint64_t> max_queries;  // of a cycle; those left out as done count too
    // Whether the query is already in the journal as finished for good (resuming). May be empty: nothing is.
    std::function<bool(std::uint64_t cycle, const std::string& id)> done;
  };
  explicit QueryFeed(Plan plan) : plan_(std::move(plan)) {}

  // The next query, or nothing when the plan is exhausted. Errors: invalid, for a corpus line (`FILE:LINE: message`) or
  // a corpus that cannot be opened any more.
  Result<std::optional<FedItem>> next();

 private:
  Plan plan_;
  std::unique_ptr<CorpusReader> reader_;
  std::uint64_t cycle_{0}, seen_{0}, fed_{0};
  bool started_{false}, ended_{false};
};

}  // namespace ipw::replay
