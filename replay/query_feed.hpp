#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "replay/corpus.hpp"
#include "replay/panel.hpp"

namespace ipw::replay {

struct FedItem {
  std::shared_ptr<const CorpusItem> item;
  std::uint64_t cycle;
};

// Where a target's queries come from: streams a corpus in its order, or a panel in each cycle's order, once or for
// ever, leaving out what was already done. One thread.
class QueryFeed {
 public:
  struct Plan {
    // Opens the corpus from its beginning; called once a cycle, and never where there is a panel.
    std::function<Result<std::unique_ptr<CorpusReader>>()> open;
    std::shared_ptr<const Panel> panel{};
    std::uint64_t first_cycle{0};
    bool repeat{false};                        // begin again at the end
    std::optional<std::uint64_t> max_queries;  // of a cycle; those left out as done count too
    // Whether the query is already in the journal as finished for good (resuming). May be empty: nothing is.
    std::function<bool(std::uint64_t cycle, const std::string& id)> done;
  };
  explicit QueryFeed(Plan plan) : plan_(std::move(plan)), cycle_(plan_.first_cycle) {}

  // The next query, or nothing when the plan is exhausted. Errors: invalid, for a corpus line (`FILE:LINE: message`;
  // the next call goes on after it), for a corpus that cannot be opened any more (the next call tries again), and,
  // once, for one that is to be repeated and holds no query.
  Result<std::optional<FedItem>> next();

 private:
  // The next of this cycle, done or not; null at its end.
  Result<std::shared_ptr<const CorpusItem>> next_of_cycle();
  Result<void> begin_cycle();

  Plan plan_;
  std::uint64_t cycle_;
  std::uint64_t seen_{0};  // of this cycle, done or not
  bool ended_{false};
  std::unique_ptr<CorpusReader> reader_;
  PanelItems order_;  // of this cycle, once begun
};

}  // namespace ipw::replay
