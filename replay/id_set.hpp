#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ipw::replay {

// Which ids have been seen, and at which ordinal first: 16 bytes a slot, 32 MiB for a million ids, whatever their
// length. Two ids are taken for one when 96 bits of their hashes agree (a chance of 1e-17 among a million).
class IdSet {
 public:
  // The ordinal under which `id` was put before; nothing when it is new. REQUIRES: ordinal > 0.
  std::optional<std::uint32_t> put(std::string_view id, std::uint32_t ordinal);
  bool contains(std::string_view id) const;
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint64_t high{0};
    std::uint32_t low{0};
    std::uint32_t ordinal{0};  // 0: empty
  };
  static Slot key_of(std::string_view id, std::uint32_t ordinal);
  std::size_t place_of(const Slot& key) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t size_{0};
};

}  // namespace ipw::replay
