#include "exporter/statistics/cluster_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipw {
namespace {

constexpr Seconds kHour{3600};
const WallTime kStart{std::chrono::hours(24 * 365)};

WallTime minute(int minutes) {
  return kStart + std::chrono::minutes(minutes);
}

double queries(const ClusterWindow& window) {
  double sum = 0;
  for (const auto& row : window.rows()) sum += row.sums.queries;
  return sum;
}

TEST(ClusterTable, KeepsItsRowsInOrderAndAddsUp) {
  using Joules = std::vector<std::pair<std::uint32_t, double>>;
  const auto joules = [](const ClusterTable& table) {
    Joules found;
    for (const auto& row : table.rows()) found.emplace_back(row.key, row.sums.joules);
    return found;
  };
  ClusterTable table, other;
  for (const std::uint32_t key : {7U, 3U, 7U, 5U, 1U, 9U}) table.add(key, {.queries = 1, .joules = 2});
  EXPECT_EQ(joules(table), (Joules{{1, 2}, {3, 2}, {5, 2}, {7, 4}, {9, 2}}));
  for (const std::uint32_t key : {5U, 9U, 7U}) other.add(key, {.queries = 1, .joules = 2});
  table.take_off(other);
  EXPECT_EQ(joules(table), (Joules{{1, 2}, {3, 2}, {7, 2}}));
}

TEST(ClusterOf, IsTheSameInEveryProcess) {
  EXPECT_EQ(cluster_of("question/1", 1024), cluster_of("question/1", 1024));
  EXPECT_LT(cluster_of("question/2", 64), 64U);
  std::vector<int> counts(64);
  for (int i = 0; i < 6400; ++i) ++counts[cluster_of(std::to_string(i), 64)];
  const auto [least, most] = std::ranges::minmax(counts);
  EXPECT_GT(least, 60);
  EXPECT_LT(most, 140);
}

TEST(ClusterWindow, ForgetsWhatIsOld) {
  ClusterWindow window(kHour);
  for (int i = 0; i < 60; ++i) window.add(minute(i), static_cast<std::uint32_t>(i % 4), {.queries = 1});
  EXPECT_EQ(queries(window), 60);
  EXPECT_EQ(window.rows().size(), 4U);
  EXPECT_FALSE(window.advance(minute(59)));
  EXPECT_TRUE(window.advance(minute(60)));
  EXPECT_EQ(queries(window), 59);
  EXPECT_TRUE(window.advance(minute(89)));
  EXPECT_EQ(queries(window), 30);
  window.advance(minute(1000));
  EXPECT_EQ(window.rows().size(), 0U);
}

TEST(ClusterWindow, TheOrderDoesNotMatter) {
  ClusterWindow forwards(kHour), backwards(kHour);
  for (int i = 0; i < 200; ++i) {
    forwards.add(minute(i), static_cast<std::uint32_t>(i % 7), {.queries = 1, .joules = 0.1 * i});
    backwards.add(minute(199 - i), static_cast<std::uint32_t>((199 - i) % 7),
                  {.queries = 1, .joules = 0.1 * (199 - i)});
  }
  EXPECT_EQ(queries(forwards), 60);
  ASSERT_EQ(forwards.rows().size(), backwards.rows().size());
  for (std::size_t i = 0; i < forwards.rows().size(); ++i) {
    EXPECT_EQ(forwards.rows()[i].sums.queries, backwards.rows()[i].sums.queries);
    EXPECT_NEAR(forwards.rows()[i].sums.joules, backwards.rows()[i].sums.joules, 1e-9);
  }
}

TEST(ClusterWindow, ALateOneFindsItsPlaceAndATooLateOneNone) {
  ClusterWindow window(kHour);
  window.add(minute(100), 1, {.queries = 1});
  window.add(minute(50), 1, {.queries = 1});
  window.add(minute(40), 1, {.queries = 1});
  EXPECT_EQ(queries(window), 2);
  window.advance(minute(110));
  EXPECT_EQ(queries(window), 1);
}

TEST(ClusterWindow, AJumpForgetsAll) {
  ClusterWindow window(kHour);
  window.add(minute(0), 1, {.queries = 1});
  window.add(minute(100000), 2, {.queries = 1});
  ASSERT_EQ(window.rows().size(), 1U);
  EXPECT_EQ(window.rows()[0].key, 2U);
}

TEST(ClusterWindow, WithoutALengthHoldsEverything) {
  ClusterWindow window(std::nullopt);
  for (int i = 0; i < 1000; ++i) window.add(minute(i * 1000), 1, {.queries = 1});
  EXPECT_FALSE(window.advance(minute(10'000'000)));
  EXPECT_EQ(queries(window), 1000);
  window.clear();
  EXPECT_EQ(queries(window), 0);
}

TEST(ClusterWindow, ItsMemoryHasABoundWhateverTheRate) {
  ClusterWindow window(kHour);
  for (int i = 0; i < 300'000; ++i)
    window.add(kStart + std::chrono::milliseconds(i * 24), static_cast<std::uint32_t>(i % 64), {.queries = 1});
  EXPECT_LT(window.bytes(), std::size_t{61} * 128 * sizeof(ClusterTable::Row) + 8192);
}

}  // namespace
}  // namespace ipw
