#include "replay/query_feed.hpp"

namespace ipw::replay {

Result<std::optional<FedItem>> QueryFeed::next() {
  while (!ended_) {
    if (!reader_) {
      auto opened = plan_.open();
      if (!opened) return opened.error();
      reader_ = *std::move(opened);
    }
    if (!plan_.max_queries || seen_ < *plan_.max_queries) {
      auto next = reader_->next();
      if (!next) return next.error();
      if (*next) {
        ++seen_;
        if (plan_.done && plan_.done(cycle_, (*next)->id)) continue;
        return std::optional<FedItem>(FedItem{std::make_shared<const CorpusItem>(**std::move(next)), cycle_});
      }
    }
    if (auto begun = begin_cycle(); !begun) return begun.error();
  }
  return std::nullopt;
}

Result<void> QueryFeed::begin_cycle() {
  const bool empty = seen_ == 0;
  ended_ = !plan_.repeat || empty;
  reader_.reset();
  seen_ = 0;
  ++cycle_;
  // Repeating nothing would go on for ever without a query.
  if (empty && plan_.repeat && plan_.max_queries != 0)
    return Error{Errc::invalid, "the corpus holds no query that can be sent"};
  return {};
}

}  // namespace ipw::replay
