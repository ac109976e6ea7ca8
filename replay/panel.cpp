#include "replay/panel.hpp"

#include <algorithm>
#include <utility>

#include "replay/corpus_digest.hpp"
#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

const std::string& id_of(const std::shared_ptr<const CorpusItem>& item) {
  return item->id;
}

}  // namespace

Panel::Panel(PanelItems items, std::uint64_t seed, std::vector<Stratum> strata)
    : items_(std::move(items)), seed_(seed), strata_(std::move(strata)) {
  std::ranges::sort(items_, {}, id_of);
  CorpusDigest digest;
  for (const auto& item : items_) digest.add(*item);
  digest_ = digest.text();
}

bool Panel::contains(std::string_view id) const {
  return std::ranges::binary_search(items_, id, {}, [](const auto& item) { return std::string_view(item->id); });
}

PanelItems Panel::order(std::uint64_t cycle) const {
  std::vector<std::pair<std::uint64_t, std::size_t>> places(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) places[i] = {nth_random(hash_of(items_[i]->id, seed_), cycle), i};
  std::ranges::sort(places);
  PanelItems ordered;
  ordered.reserve(places.size());
  for (const auto& [chance, i] : places) ordered.push_back(items_[i]);
  return ordered;
}

}  // namespace ipw::replay
