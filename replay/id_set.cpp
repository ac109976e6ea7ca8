#include "replay/id_set.hpp"

#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kFirstSlots = 1024;

}  // namespace

IdSet::Slot& IdSet::find(const Slot& key) {
  const auto mask = slots_.size() - 1;
  auto at = key.high & mask;
  while (slots_[at].ordinal != 0 && (slots_[at].high != key.high || slots_[at].low != key.low)) at = (at + 1) & mask;
  return slots_[at];
}

void IdSet::grow() {
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
  old.swap(slots_);
  for (const auto& slot : old)
    if (slot.ordinal != 0) find(slot) = slot;
}

std::optional<std::uint32_t> IdSet::put(std::string_view id, std::uint32_t ordinal) {
  if (slots_.empty() || size_ * 8 >= slots_.size() * 7) grow();
  const Slot key{hash_of(id, 0), static_cast<std::uint32_t>(hash_of(id, 1)), ordinal};
  auto& slot = find(key);
  if (slot.ordinal != 0) return slot.ordinal;
  slot = key;
  ++size_;
  return std::nullopt;
}

}  // namespace ipw::replay
