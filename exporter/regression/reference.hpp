#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "exporter/regression/cumulant.hpp"

namespace ipw {

// What the baseline says of one item in one quantity.
struct ReferenceItem {
  double mean{0};
  double count{0};  // observations; 0: the item has none of this quantity
};

// One value of one item in the baseline. Values already point so that more is worse.
struct ReferenceValue {
  std::uint32_t item{0};
  double value{0};
  std::uint64_t cycle{0};
};

// A value that counts, and the same before it was drawn in. More is worse.
struct SignedValue {
  double value{0}, raw{0};
};

// The baseline of one quantity, signed so that more is worse (METHODOLOGY, "Regressions"): per item its mean, and over
// all items one variance between repeats and the law of the standardised residuals. Immutable.
class Reference {
 public:
  struct Shape {
    // What one flipped score changes: half a flip each way is added, so that "never changed" is not "cannot change".
    double flip{0};
    // What lies further than 4 robust standard deviations from its item is drawn in to that.
    bool winsorised{false};
  };
  // REQUIRES: items < item_count; finite values. An item with fewer than two values is left out.
  Reference(Shape shape, std::size_t item_count, std::span<const ReferenceValue> values);

  const ReferenceItem& item(std::uint32_t number) const { return items_[number]; }
  std::size_t item_count() const { return items_.size(); }
  std::size_t known_items() const { return known_; }  // those with a mean
  double variance() const { return variance_; }       // s², of one value around its item's own mean
  double predictive() const { return predictive_; }   // v0 = s²(1 + 1/C), C the harmonic mean count
  double mean() const { return mean_; }               // over items
  // What all items of one cycle have in common against another cycle, as a variance: heat, or who else is on the
  // machine. 0 unless the baseline's cycles differ by more than their items' own noise explains (95 %); then the upper
  // 95 % bound.
  double drift() const { return drift_; }
  std::size_t cycles() const { return cycles_; }
  bool winsorised() const { return clip_.has_value(); }
  // `value` of that item, drawn in to where it may lie at most. REQUIRES: the item is known.
  double clipped(std::uint32_t item, double value) const;
  const Cumulant& worse() const { return worse_; }  // of residuals; the other way round in better()
  bool knows(std::uint32_t item) const { return items_[item].count > 0; }
  const Cumulant& better() const { return better_; }
  // The share of the residuals' second moment that lies on the side of better.
  double better_share() const { return better_share_; }
  double better_spread() const { return better_spread_; }  // the variance of what each adds to it

 private:
  void measure_drift(std::span<const ReferenceValue> values);

  std::vector<ReferenceItem> items_;
  std::size_t known_{0}, cycles_{0};
  double variance_{0}, predictive_{0}, mean_{0}, better_share_{0.5}, better_spread_{1.25}, drift_{0};
  std::optional<double> clip_;
  Cumulant worse_, better_;
};

}  // namespace ipw
