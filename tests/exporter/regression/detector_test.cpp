#include "exporter/regression/detector.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace ipw {
namespace {

constexpr std::uint32_t kItems = 100;
constexpr double kNoise = 0.1;

// Items replayed cycle by cycle; the baseline is drawn from the same noise.
class Panel {
 public:
  explicit Panel(unsigned seed, std::size_t cycles = 10) : random_(seed) {
    std::vector<ReferenceValue> values;
    for (std::uint32_t i = 0; i < kItems; ++i)
      for (std::size_t k = 0; k < cycles; ++k) values.push_back({i, noise()});
    reference_ = std::make_unique<Reference>(Reference::Shape{.flip = 0, .winsorised = true}, kItems, values);
    std::iota(order_.begin(), order_.end(), 0U);
  }
  const Reference& reference() const { return *reference_; }
  void feed(Detector& detector, std::size_t queries, double shift) {
    for (std::size_t i = 0; i < queries; ++i) feed_one(detector, shift);
  }
  // Queries until `is` holds, at most 20,000.
  template <class Predicate>
  std::size_t until(Detector& detector, double shift, Predicate is) {
    std::size_t queries = 0;
    for (; queries < 20'000 && !is(detector); ++queries) feed_one(detector, shift);
    return queries;
  }

 private:
  double noise() { return kNoise * normal_(random_); }
  void feed_one(Detector& detector, double shift) {
    if (place_ == 0) std::shuffle(order_.begin(), order_.end(), random_);
    const double value = shift + noise();
    detector.add(order_[place_], {reference_->clipped(order_[place_], value), value}, WallTime{});
    place_ = (place_ + 1) % kItems;
  }
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::unique_ptr<Reference> reference_;
  std::array<std::uint32_t, kItems> order_{};
  std::size_t place_{0};
};

Detector::Limits limits(bool declared) {
  return {.margin = 0.02, .budget = {.queries_per_year = 525'960, .false_alarms_per_year = 0.25}, .declared = declared};
}
bool rings(const Detector& detector) {
  return detector.regressed();
}

TEST(Detector, RingsWhenItIsWorse) {
  const struct {
    const char* name;
    double shift;
    bool declared;
    std::size_t least, most;
  } cases[] = {
      {"half a standard deviation", 0.05, false, 50, 400}, {"one", 0.1, false, 10, 90},
      {"three: all items at once", 0.3, false, 2, 12},     {"half of one, in a new epoch", 0.05, true, 20, 250},
      {"one, in a new epoch", 0.1, true, 5, 60},
  };
  for (const auto& c : cases) {
    Panel panel(1);
    Detector detector(panel.reference(), limits(c.declared));
    if (!c.declared) panel.feed(detector, 1'000, 0);
    EXPECT_FALSE(detector.regressed()) << c.name;
    const auto queries = panel.until(detector, c.shift, rings);
    EXPECT_GE(queries, c.least) << c.name;
    EXPECT_LE(queries, c.most) << c.name;
    EXPECT_EQ(detector.alarms(), 1U) << c.name;
    panel.feed(detector, 2'000, c.shift);
    EXPECT_TRUE(detector.regressed()) << c.name;
    EXPECT_NEAR(detector.shown().size(panel.reference()).change, c.shift, 0.02) << c.name;
  }
}

TEST(Detector, IsSilentWhileItIsNotWorse) {
  const struct {
    const char* name;
    double shift;
    bool declared;
  } cases[] = {{"the same", 0, false},
               {"the same, in a new epoch", 0, true},
               {"better", -0.1, false},
               {"worse by half of the margin", 0.01, false}};
  for (const auto& c : cases) {
    Panel panel(2);
    Detector detector(panel.reference(), limits(c.declared));
    panel.feed(detector, 20'000, c.shift);
    EXPECT_EQ(detector.alarms(), 0U) << c.name;
    EXPECT_GE(detector.log_e_value(), 0) << c.name;
    EXPECT_LT(detector.log_e_value(), detector.log_threshold()) << c.name;
  }
}

TEST(Detector, AThresholdIsItsBudget) {
  Panel panel(3);
  const Detector detector(panel.reference(), limits(false));
  EXPECT_NEAR(detector.log_threshold(), std::log(525'960 / 0.125), 1e-9);
  EXPECT_EQ(detector.log_e_value(), 0);
}

TEST(Detector, RecoversForAReason) {
  Panel panel(4);
  Detector detector(panel.reference(), limits(false));
  panel.feed(detector, 500, 0);
  panel.until(detector, 0.1, rings);
  panel.feed(detector, 1'000, 0.1);
  ASSERT_TRUE(detector.regressed());
  EXPECT_NEAR(detector.log_threshold(), std::log(20), 1e-9);
  const auto queries = panel.until(detector, 0, [](const Detector& d) { return !d.regressed(); });
  EXPECT_LE(queries, 600U);
  EXPECT_GE(queries, 10U);
  EXPECT_LT(panel.until(detector, 0.1, rings), 200U) << "and rings again";
  EXPECT_EQ(detector.alarms(), 2U);
}

TEST(Detector, IsAcceptedWhenShownToBeNoWorse) {
  const struct {
    const char* name;
    double shift;
    bool accepted;
  } cases[] = {{"the same", 0, true}, {"better", -0.05, true}, {"worse", 0.04, false}};
  for (const auto& c : cases) {
    Panel panel(5);
    Detector detector(panel.reference(), limits(true));
    panel.feed(detector, 5, c.shift);
    EXPECT_FALSE(detector.no_worse()) << c.name << ": too early";
    panel.feed(detector, 3'000, c.shift);
    EXPECT_EQ(detector.no_worse(), c.accepted) << c.name;
  }
}

TEST(Detector, KeepsABoundedNumberOfWindows) {
  Panel panel(6);
  Detector detector(panel.reference(), limits(false));
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {
    panel.feed(detector, 100, 0);
    most = std::max(most, detector.windows());
  }
  EXPECT_LE(most, Detector::kWindows);
  EXPECT_GE(most, 30U);
  EXPECT_EQ(detector.queries(), 40'000U);
}

TEST(Detector, TheSameQueriesGiveTheSameState) {
  Panel one(7), other(7);
  Detector a(one.reference(), limits(false)), b(other.reference(), limits(false));
  one.feed(a, 3'000, 0.03);
  other.feed(b, 3'000, 0.03);
  EXPECT_EQ(a.log_e_value(), b.log_e_value());
  EXPECT_EQ(a.regressed(), b.regressed());
  EXPECT_EQ(a.shown().queries(), b.shown().queries());
}

}  // namespace
}  // namespace ipw
