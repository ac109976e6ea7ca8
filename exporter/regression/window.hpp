#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "exporter/regression/reference.hpp"

namespace ipw {

// The values of a window by item. A table that grows with the items seen, and becomes a plain array once it is as large
// as the panel; bounded by the panel.
class ItemSums {
 public:
  struct Cell {
    std::uint32_t item{0}, count{0};
    double sum{0}, raw{0};  // clipped, and as it came
  };
  explicit ItemSums(std::size_t item_count);
  Cell& at(std::uint32_t item);  // made if it is new
  // Fetches what at(item) will read: many windows are asked for one item, and each lies elsewhere in memory.
  void fetch(std::uint32_t item) const { __builtin_prefetch(&cells_[item & (cells_.size() - 1)]); }
  const std::vector<Cell>& cells() const { return cells_; }  // those with a count of 0 are empty

 private:
  void grow();
  std::size_t item_count_, used_{0};
  std::vector<Cell> cells_;
};

// What a window says: the mean change over its items and the variance of that.
struct WindowEstimate {
  double change{0};    // signed: more is worse
  double variance{0};  // of `change`
};

// The observations of one quantity from some query on, held against the reference. Constant time per observation.
class Window {
 public:
  Window(const Reference& reference, std::uint64_t start) : start_(start), sums_(reference.item_count()) {}

  // REQUIRES: the reference knows the item; the same reference always.
  void add(const Reference& reference, std::uint32_t item, SignedValue value, WallTime at);

  void fetch(std::uint32_t item) const { sums_.fetch(item); }

  std::uint64_t start() const { return start_; }  // the number of its first query
  std::uint64_t queries() const { return queries_; }
  std::optional<WallTime> since() const { return since_; }
  double items() const { return items_; }
  double sum() const { return sum_; }      // of the changes D_i
  double terms() const { return terms_; }  // sum of 1/C_i + 1/n_i
  // The variance that single items' lasting changes add to each item's, as far as the items that got better show it:
  // what balances a change for the worse. Net of one standard error, and of what twenty quiet items would say.
  double churn(const Reference& reference) const;
  // With so much churn; or (Peña 1999) by the squares of the changes themselves, if that is more: right whatever the
  // items' churn, as long as it is symmetric, but slower where there is none. REQUIRES: items() > 0.
  WindowEstimate estimate(const Reference& reference, double churn) const;
  WindowEstimate self_normalised(const Reference& reference) const;
  // The change as it is, not drawn in to where one value may lie at most, and its variance as the items show it.
  // O(items).
  WindowEstimate size(const Reference& reference) const;
  const ItemSums& sums() const { return sums_; }

 private:
  // The variance of the mean change that comes from what differs between whole cycles.
  double drift(const Reference& reference) const;

  std::uint64_t start_;
  std::uint64_t queries_{0};
  std::optional<WallTime> since_;
  double items_{0}, sum_{0}, squares_{0}, better_squares_{0}, terms_{0};
  ItemSums sums_;
};

}  // namespace ipw
