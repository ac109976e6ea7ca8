#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "replay/attempt.hpp"
#include "replay/query_feed.hpp"

namespace ipw::replay {

// The queries of one run in the order they go out: the warm-up, then the whole feed from its beginning. One thread.
class QueryLine {
 public:
  // `feed` outlives the line. The first `warmup` items are fetched now: they are sent twice.
  QueryLine(QueryFeed& feed, std::size_t target, int warmup);

  // Whether another query is there; fetches it.
  bool any();
  bool next_is_warmup() const { return !warmup_.empty(); }
  // REQUIRES: any().
  std::shared_ptr<const Query> take();
  // Comes before all others but the warm-up.
  void put_back(const Query& query) { next_.push_front({query.item, query.cycle}); }
  // What was wrong with the corpus, if that ended the line.
  const Result<void>& corpus() const { return corpus_; }

 private:
  std::optional<FedItem> fetch();

  QueryFeed& feed_;
  std::size_t target_;
  std::deque<FedItem> warmup_, next_;
  bool exhausted_{false};
  Result<void> corpus_;
};

}  // namespace ipw::replay
