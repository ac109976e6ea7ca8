#include "replay/query_line.hpp"

#include <utility>

namespace ipw::replay {

QueryLine::QueryLine(QueryFeed& feed, std::size_t target, int warmup) : feed_(feed), target_(target) {
  for (int i = 0; i < warmup; ++i) {
    auto item = fetch();
    if (!item) break;
    warmup_.push_back(*item);
    next_.push_back(std::move(*item));
  }
}

bool QueryLine::any() {
  if (!warmup_.empty() || !next_.empty()) return true;
  auto item = fetch();
  if (item) next_.push_back(std::move(*item));
  return !next_.empty();
}

std::shared_ptr<const Query> QueryLine::take() {
  const bool warmup = next_is_warmup();
  auto& from = warmup ? warmup_ : next_;
  auto item = std::move(from.front());
  from.pop_front();
  return std::make_shared<const Query>(
      Query{std::move(item.item), target_, item.cycle, warmup ? Purpose::warmup : Purpose::measure});
}

std::optional<FedItem> QueryLine::fetch() {
  if (exhausted_) return std::nullopt;
  auto item = feed_.next();
  exhausted_ = !item || !*item;
  if (!item) corpus_ = item.error();
  return exhausted_ ? std::nullopt : std::move(*item);
}

}  // namespace ipw::replay
