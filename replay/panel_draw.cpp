#include "replay/panel_draw.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "base/text.hpp"
#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kMostStrata = 10000;
constexpr std::size_t kMostFields = 30;

bool is_metadata(const std::string& stratify) {
  return stratify != "subject" && stratify != "language" && stratify != "none";
}

// Of the strata `among`, `size` items by largest remainder. REQUIRES: together they have more than `size`.
void share_out(const std::vector<std::uint64_t>& counts, const std::vector<std::size_t>& among, std::uint64_t size,
               std::vector<std::uint64_t>& shares) {
  std::uint64_t all = 0, given = 0;
  for (const auto i : among) all += counts[i];
  std::vector<std::pair<std::uint64_t, std::size_t>> remainders;
  for (const auto i : among) {
    given += shares[i] = counts[i] * size / all;
    remainders.emplace_back(counts[i] * size % all, i);
  }
  std::ranges::stable_sort(remainders, std::greater<>(), [](const auto& entry) { return entry.first; });
  for (std::size_t i = 0; given < size; ++i, ++given) ++shares[remainders[i].second];
}

}  // namespace

std::vector<std::uint64_t> panel_shares(const std::vector<std::uint64_t>& counts, std::uint64_t size) {
  std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (all <= size) return counts;
  std::vector<std::uint64_t> shares(counts.size(), 0);
  std::vector<std::size_t> among(counts.size());
  std::iota(among.begin(), among.end(), std::size_t{0});
  // Those too small for a place get one all the same, which leaves less for the others: more may be too small then.
  while (among.size() <= size) {
    const auto small =
        std::stable_partition(among.begin(), among.end(), [&](auto i) { return counts[i] * size >= all; });
    if (small == among.end()) break;
    for (auto i = small; i != among.end(); ++i) {
      shares[*i] = 1;
      all -= counts[*i];
      --size;
    }
    among.erase(small, among.end());
  }
  share_out(counts, among, size, shares);
  return shares;
}

std::string PanelDraw::stratum_of(const CorpusItem& item) const {
  if (choice_.stratify == "none") return {};
  if (choice_.stratify == "subject") return item.subject;
  if (choice_.stratify == "language") return item.language;
  for (const auto& [name, json] : item.metadata)
    if (name == choice_.stratify) return json;
  return {};
}

void PanelDraw::look(const CorpusItem& item) {
  for (const auto& [name, json] : item.metadata)
    if (fields_.size() < kMostFields || name == choice_.stratify) fields_.insert(name);
  auto stratum = stratum_of(item);
  if (pools_.size() > kMostStrata && !pools_.contains(stratum)) return;  // draw() refuses
  auto& pool = pools_[std::move(stratum)];
  ++pool.items;
  const auto hash = hash_of(item.id, choice_.seed);
  auto& lowest = pool.lowest;
  if (lowest.size() == choice_.size) {
    if (hash >= lowest.front()) return;
    std::ranges::pop_heap(lowest);
    lowest.pop_back();
  }
  lowest.push_back(hash);
  std::ranges::push_heap(lowest);
}

Result<void> PanelDraw::check_field() const {
  if (pools_.size() > kMostStrata)
    return Error{Errc::invalid, "`" + choice_.stratify + "` has more than " + std::to_string(kMostStrata) +
                                    " values: stratify by a field with few"};
  if (!is_metadata(choice_.stratify) || fields_.contains(choice_.stratify)) return {};
  std::vector<std::string_view> known{"subject", "language", "none"};
  known.insert(known.end(), fields_.begin(), fields_.end());
  return Error{Errc::invalid, "no line of the corpus has the field " + did_you_mean(choice_.stratify, known) +
                                  " (there are: " + join(known, ", ") + ")"};
}

Result<Panel> PanelDraw::draw(CorpusReader& corpus) const {
  if (auto ok = check_field(); !ok) return ok.error();
  std::vector<Stratum> strata;
  std::vector<std::uint64_t> counts;
  for (const auto& [name, pool] : pools_) counts.push_back(pool.items);
  const auto shares = panel_shares(counts, choice_.size);
  std::unordered_set<std::uint64_t> drawn;
  for (const auto& [name, pool] : pools_) {
    const auto share = shares[strata.size()];
    strata.push_back({name, pool.items, share});
    auto lowest = pool.lowest;
    std::ranges::sort(lowest);
    drawn.insert(lowest.begin(), lowest.begin() + static_cast<std::ptrdiff_t>(share));
  }
  PanelItems items;
  for (;;) {
    auto next = corpus.next();
    if (!next) return next.error();
    if (!*next) break;
    if (drawn.contains(hash_of((*next)->id, choice_.seed)))
      items.push_back(std::make_shared<const CorpusItem>(**std::move(next)));
  }
  if (items.size() != drawn.size())
    return Error{Errc::invalid, "the corpus changed while the panel was drawn from it: start again"};
  return Panel(std::move(items), choice_.seed, std::move(strata));
}

}  // namespace ipw::replay
