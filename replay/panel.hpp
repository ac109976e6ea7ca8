#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "replay/corpus.hpp"

namespace ipw::replay {

// Queries that are alike in the field by which a panel is stratified, and how many of them are in it.
struct Stratum {
  std::string name;  // the field's value (metadata: as JSON); "" where an item does not give it
  std::uint64_t items{0}, chosen{0};
};

using PanelItems = std::vector<std::shared_ptr<const CorpusItem>>;

// A fixed part of a corpus that is replayed again and again, each cycle in a new order, so that cycles can be compared
// query by query. Immutable; shared by the feeds of all targets.
class Panel {
 public:
  // REQUIRES: every item has an id of its own.
  Panel(PanelItems items, std::uint64_t seed, std::vector<Stratum> strata);

  std::size_t size() const { return items_.size(); }
  bool contains(std::string_view id) const;
  // The whole panel in the order of that cycle: it depends on the seed, the cycle and the ids alone, so that a cycle
  // that was interrupted goes on in the same order.
  PanelItems order(std::uint64_t cycle) const;

  const PanelItems& items() const { return items_; }  // by id
  const std::vector<Stratum>& strata() const { return strata_; }
  const std::string& digest() const { return digest_; }

 private:
  PanelItems items_;
  std::uint64_t seed_;
  std::vector<Stratum> strata_;
  std::string digest_;
};

}  // namespace ipw::replay
