#include "replay/query_feed.hpp"

namespace ipw::replay {

Result<std::optional<FedItem>> QueryFeed::next() {
  while (!ended_) {
    if (!plan_.max_queries || seen_ < *plan_.max_queries) {
      auto item = next_of_cycle();
      if (!item) return item.error();
      if (*item) {
        ++seen_;
        if (plan_.done && plan_.done(cycle_, (*item)->id)) continue;
        return std::optional<FedItem>(FedItem{*std::move(item), cycle_});
      }
    }
    if (auto begun = begin_cycle(); !begun) return begun.error();
  }
  return std::nullopt;
}

Result<std::shared_ptr<const CorpusItem>> QueryFeed::next_of_cycle() {
  if (plan_.panel) {
    if (seen_ == 0) order_ = plan_.panel->order(cycle_);
    return seen_ < order_.size() ? order_[seen_] : nullptr;
  }
  if (!reader_) {
    auto opened = plan_.open();
    if (!opened) return opened.error();
    reader_ = *std::move(opened);
  }
  auto next = reader_->next();
  if (!next) return next.error();
  return *next ? std::make_shared<const CorpusItem>(**std::move(next)) : nullptr;
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
