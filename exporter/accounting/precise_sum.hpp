#pragma once

namespace ipw {

// A running sum that keeps what a double would round off (Knuth's TwoSum), about 30 digits. A value type.
//
// Shares are small differences of large running sums, and the rates at which attempts work differ by nine orders of
// magnitude: in one double the books would lose joules.
class PreciseSum {
 public:
  void add(double x) {
    const double sum = high_ + x;
    const double added = sum - high_;
    low_ += (high_ - (sum - added)) + (x - added);
    high_ = sum;
  }
  void add(const PreciseSum& x) {
    add(x.high_);
    low_ += x.low_;
  }
  double value() const { return high_ + low_; }
  friend double operator-(const PreciseSum& a, const PreciseSum& b) { return (a.high_ - b.high_) + (a.low_ - b.low_); }

 private:
  double high_{0}, low_{0};
};

}  // namespace ipw
