#include "exporter/regression/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace ipw {
namespace {

struct Seen {
  std::uint32_t item;
  double value;
};

Reference reference_of(std::uint32_t items, double deviation) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal(0, deviation);
  std::vector<ReferenceValue> values;
  for (std::uint32_t i = 0; i < items; ++i)
    for (int k = 0; k < 5; ++k) values.push_back({i, i + normal(random)});
  return Reference({}, items, values);
}

std::vector<Seen> some(std::uint32_t items, std::size_t count, double shift, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(shift, 0.1);
  std::vector<Seen> seen;
  for (std::size_t i = 0; i < count; ++i) {
    const auto item = static_cast<std::uint32_t>(random() % items);
    seen.push_back({item, item + normal(random)});
  }
  return seen;
}

Window window_of(const Reference& reference, const std::vector<Seen>& seen) {
  Window window(reference, 0);
  for (const auto& [item, value] : seen) window.add(reference, item, {value, value}, WallTime{});
  return window;
}

TEST(Window, EqualsWhatIsComputedAtOnce) {
  const auto reference = reference_of(300, 0.1);
  for (const std::size_t count : {1U, 5U, 40U, 700U, 5'000U}) {
    const auto seen = some(300, count, 0.05, 1);
    const auto window = window_of(reference, seen);
    std::map<std::uint32_t, std::pair<double, double>> sums;
    for (const auto& [item, value] : seen) sums[item].first += value, sums[item].second += 1;
    double sum = 0, squares = 0, terms = 0;
    for (const auto& [item, entry] : sums) {
      const double change = entry.first / entry.second - reference.item(item).mean;
      sum += change;
      squares += change * change;
      terms += 1 / entry.second + 1 / reference.item(item).count;
    }
    const auto items = static_cast<double>(sums.size());
    EXPECT_EQ(window.queries(), count);
    EXPECT_EQ(window.items(), items) << count;
    const auto plain = window.estimate(reference, 0), careful = window.self_normalised(reference);
    EXPECT_NEAR(plain.change, sum / items, 1e-12) << count;
    EXPECT_NEAR(plain.variance, reference.variance() * terms / items / items, 1e-12) << count;
    EXPECT_NEAR(careful.variance, std::max(reference.variance() * terms, squares) / items / items, 1e-12) << count;
    EXPECT_NEAR(window.size(reference).change, sum / items, 1e-12) << count;
    EXPECT_NEAR(window.estimate(reference, 0.5).variance - plain.variance, 0.5 / items, 1e-12) << count;
  }
}

TEST(Window, TheOrderDoesNotMatter) {
  const auto reference = reference_of(50, 0.1);
  auto seen = some(50, 400, 0.1, 2);
  const auto before = window_of(reference, seen).estimate(reference, 0);
  std::shuffle(seen.begin(), seen.end(), std::mt19937_64(3));
  const auto after = window_of(reference, seen).estimate(reference, 0);
  EXPECT_NEAR(before.change, after.change, 1e-12);
  EXPECT_NEAR(before.variance, after.variance, 1e-15);
}

TEST(Window, RepeatsOfAnItemSayLessAndLess) {
  const auto reference = reference_of(10, 0.1);
  Window window(reference, 0);
  for (int i = 0; i < 10'000; ++i) window.add(reference, 4, {4.5, 4.5}, WallTime{});
  EXPECT_GE(window.estimate(reference, 0).variance, reference.variance() / 5);
}

// Items that change for good, as many each way, are churn; items that all change one way are none.
TEST(Window, ChurnIsWhatImprovementsShow) {
  const auto reference = reference_of(400, 0.1);
  const struct {
    const char* name;
    double up, down;
    double least, most;
  } cases[] = {{"nothing", 0, 0, 0, 0.001}, {"half each way", 0.5, -0.5, 0.19, 0.3}, {"all worse", 0.5, 0.5, 0, 0.001}};
  for (const auto& c : cases) {
    auto seen = some(400, 2'000, 0, 4);
    for (auto& [item, value] : seen) value += item % 2 == 0 ? c.up : c.down;
    const double churn = window_of(reference, seen).churn(reference);
    EXPECT_GE(churn, c.least) << c.name;
    EXPECT_LE(churn, c.most) << c.name;
  }
}

TEST(Window, TheSizeIsNotDrawnIn) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, 0.03);
  std::vector<ReferenceValue> values;
  for (std::uint32_t i = 0; i < 100; ++i)
    for (int k = 0; k < 5; ++k) values.push_back({i, normal(random)});
  const Reference reference({.flip = 0, .winsorised = true}, 100, values);
  Window window(reference, 0);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const double raw = 0.7 + normal(random) + (i == 17 ? 40 : 0);
    window.add(reference, i, {reference.clipped(i, raw), raw}, WallTime{});
  }
  EXPECT_LT(window.estimate(reference, 0).change, 0.2);
  EXPECT_NEAR(window.size(reference).change, 0.7, 0.02);
}

TEST(Window, WholeCyclesThatDifferLeaveTheChangeUncertain) {
  constexpr std::uint32_t kItems = 200;
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<ReferenceValue> values;
  for (std::uint64_t cycle = 0; cycle < 10; ++cycle) {
    const double common = 0.05 * normal(random);
    for (std::uint32_t i = 0; i < kItems; ++i) values.push_back({i, common + 0.1 * normal(random), cycle});
  }
  const Reference reference({}, kItems, values);
  ASSERT_GT(reference.drift(), 0);
  Window window(reference, 0);
  for (const double cycles : {1.0, 4.0}) {
    while (static_cast<double>(window.queries()) < cycles * kItems)
      window.add(reference, static_cast<std::uint32_t>(window.queries() % kItems), {0, 0}, WallTime{});
    const double items_alone = reference.variance() * (1.0 / 10 + 1 / cycles) / kItems;
    const double cycles_alone = reference.drift() * (1.0 / 10 + 1 / cycles);
    EXPECT_NEAR(window.estimate(reference, 0).variance, items_alone + cycles_alone, 1e-12) << cycles;
    EXPECT_GE(window.self_normalised(reference).variance, items_alone + cycles_alone - 1e-12) << cycles;
  }
}

}  // namespace
}  // namespace ipw
