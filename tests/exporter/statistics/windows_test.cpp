#include "exporter/statistics/windows.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipw {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{std::chrono::hours(24 * 20000)};
const std::pair kMeasured{probes::Scope::accelerator, probes::Quality::measured};

CompletedQuery make_query(int number, WallTime ended, double score = 1) {
  CompletedQuery query;
  query.target = "local";
  query.corpus = "sums";
  query.model = "m";
  query.accelerator = "gpu";
  query.query_id = "q" + std::to_string(number);
  query.subject = number % 2 == 0 ? "even" : "odd";
  query.language = "en";
  query.ended_at = ended;
  query.score = score;
  query.energy.push_back({.scope = kMeasured.first,
                          .quality = kMeasured.second,
                          .gross = Joules{10.0 + number % 3},
                          .busy = Seconds{0.5},
                          .watts = 200});
  return query;
}

WindowTarget make_target(std::uint64_t first_cycle = 0, std::uint64_t done_before = 0) {
  return {"local", "m", "gpu", "sums", first_cycle, done_before};
}

Windows::ReadCompleted journal(const std::vector<CompletedQuery>& queries) {
  return [&queries](WallTime since, const Windows::Each& each) -> Result<void> {
    for (const auto& query : queries)
      if (query.ended_at >= since) each(query);
    return {};
  };
}

const WindowFigures& of(const Windows::Figures& figures, const std::string& window) {
  return *std::ranges::find(*figures, window, &WindowFigures::window);
}

// 100 queries, one each two minutes up to now; three of four are right.
std::vector<CompletedQuery> two_hundred_minutes() {
  std::vector<CompletedQuery> queries;
  queries.reserve(100);
  for (int i = 0; i < 100; ++i) queries.push_back(make_query(i, kNow - 2min * (99 - i), i % 4 != 0));
  return queries;
}

TEST(Windows, EachHoldsWhatIsYoungEnough) {
  Windows windows({make_target()});
  for (const auto& query : two_hundred_minutes()) windows.add(query);
  const auto figures = windows.figures(0, kNow);
  const struct {
    const char* window;
    std::uint64_t queries;
  } cases[] = {{"5m", 3}, {"1h", 30}, {"24h", 100}, {"7d", 100}, {"cycle", 100}};
  for (const auto& c : cases) EXPECT_EQ(of(figures, c.window).all.queries, c.queries) << c.window;
  EXPECT_FALSE(of(figures, "5m").all.accuracy) << "too few";
  ASSERT_TRUE(of(figures, "24h").all.accuracy);
  EXPECT_DOUBLE_EQ(of(figures, "24h").all.accuracy->value, 0.75);
  const auto& energy = of(figures, "24h").all.energy.at(kMeasured);
  EXPECT_EQ(energy.queries, 100U);
  ASSERT_TRUE(energy.per_joule && energy.per_watt_by_query && energy.per_watt_by_time);
  EXPECT_NEAR(energy.per_watt_by_query->value, 75 / 20000.0, 1e-12);
}

TEST(Windows, BySubjectAndLanguage) {
  Windows windows({make_target()});
  for (const auto& query : two_hundred_minutes()) windows.add(query);
  const auto figures = windows.figures(0, kNow);
  for (const auto* window : {"24h", "cycle"}) {
    const auto& slices = of(figures, window).slices;
    ASSERT_EQ(slices.size(), 2U) << window;
    EXPECT_EQ(slices[0].subject, "even");
    EXPECT_EQ(slices[1].subject, "odd");
    ASSERT_TRUE(slices[0].figures.accuracy && slices[1].figures.accuracy);
    EXPECT_DOUBLE_EQ(slices[0].figures.accuracy->value, 0.5);
    EXPECT_DOUBLE_EQ(slices[1].figures.accuracy->value, 1);
    EXPECT_EQ(slices[0].figures.energy.at(kMeasured).queries, 50U);
  }
  EXPECT_TRUE(of(figures, "1h").slices.empty());
}

TEST(Windows, InvalidEnergyCountsForAccuracyAlone) {
  Windows windows({make_target()});
  for (auto query : two_hundred_minutes()) {
    query.energy[0].valid = query.score > 0;
    windows.add(query);
  }
  const auto figures = windows.figures(0, kNow);
  EXPECT_EQ(of(figures, "24h").all.queries, 100U);
  EXPECT_EQ(of(figures, "24h").all.energy.at(kMeasured).queries, 75U);
}

TEST(Windows, AreTheSameAfterARestart) {
  const auto queries = two_hundred_minutes();
  Windows before({make_target()});
  for (const auto& query : queries) before.add(query);
  Windows after({make_target(0, 100)});
  const auto left_out = after.fill(journal(queries), kNow);
  ASSERT_TRUE(left_out);
  EXPECT_EQ(*left_out, 0U);
  const auto one = before.figures(0, kNow), other = after.figures(0, kNow);
  ASSERT_EQ(one->size(), other->size());
  for (std::size_t i = 0; i < one->size(); ++i) {
    const auto &a = (*one)[i].all, &b = (*other)[i].all;
    EXPECT_EQ(a.queries, b.queries);
    EXPECT_EQ(a.score, b.score);
    ASSERT_EQ(a.accuracy.has_value(), b.accuracy.has_value());
    if (a.accuracy) {
      EXPECT_EQ(a.accuracy->bounds.lower, b.accuracy->bounds.lower);
      EXPECT_EQ(a.energy.at(kMeasured).per_joule->value, b.energy.at(kMeasured).per_joule->value);
      EXPECT_EQ(a.energy.at(kMeasured).per_joule->bounds.upper, b.energy.at(kMeasured).per_joule->bounds.upper);
    }
    EXPECT_EQ((*one)[i].slices.size(), (*other)[i].slices.size());
  }
}

TEST(Windows, ACycleOlderThanTheLongestWindowIsReadFromItsBeginning) {
  std::vector<CompletedQuery> queries;
  queries.reserve(60);
  for (int i = 0; i < 60; ++i) queries.push_back(make_query(i, kNow - 10h * (59 - i)));
  Windows windows({make_target(0, 60)});
  ASSERT_TRUE(windows.fill(journal(queries), kNow));
  EXPECT_EQ(of(windows.figures(0, kNow), "cycle").all.queries, 60U);
  EXPECT_EQ(of(windows.figures(0, kNow), "7d").all.queries, 17U);
}

TEST(Windows, OnlyTheNewestCycleCounts) {
  Windows windows({make_target(3)});
  const auto add = [&](int number, std::uint64_t cycle) {
    auto query = make_query(number, kNow);
    query.cycle = cycle;
    windows.add(query);
  };
  add(1, 2);
  add(2, 3);
  add(3, 3);
  EXPECT_EQ(of(windows.figures(0, kNow), "cycle").all.queries, 2U);
  add(4, 4);
  add(5, 3);
  EXPECT_EQ(of(windows.figures(0, kNow + 2s), "cycle").all.queries, 1U);
  EXPECT_EQ(of(windows.figures(0, kNow + 2s), "5m").all.queries, 5U);
}

TEST(Windows, OthersAndTheFutureAreLeftOut) {
  const struct {
    const char* name;
    std::function<void(CompletedQuery&)> change;
    std::uint64_t held, left_out;
  } cases[] = {{"as it is", [](auto&) {}, 1, 0},
               {"another target", [](auto& q) { q.target = "other"; }, 0, 0},
               {"another model", [](auto& q) { q.model = "older"; }, 0, 0},
               {"another machine", [](auto& q) { q.accelerator = "cpu"; }, 0, 0},
               {"another corpus", [](auto& q) { q.corpus = "other"; }, 0, 0},
               {"ends in the future", [](auto& q) { q.ended_at = kNow + 1h; }, 0, 1}};
  for (const auto& c : cases) {
    std::vector queries{make_query(1, kNow)};
    c.change(queries[0]);
    Windows windows({make_target()});
    const auto left_out = windows.fill(journal(queries), kNow);
    ASSERT_TRUE(left_out) << c.name;
    EXPECT_EQ(*left_out, c.left_out) << c.name;
    EXPECT_EQ(of(windows.figures(0, kNow), "24h").all.queries, c.held) << c.name;
  }
}

TEST(Windows, AnUnreadableJournalIsTold) {
  Windows windows({make_target()});
  const auto filled = windows.fill(
      [](WallTime, const Windows::Each&) -> Result<void> {
        return Error{Errc::unavailable, "no"};
      },
      kNow);
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().message, "no");
}

TEST(TargetWindows, AfterSixtyFourSlicesTheRestIsOther) {
  TargetWindows windows(live_windows());
  for (int i = 0; i < 200; ++i) {
    auto query = make_query(i, kNow);
    query.subject = "subject " + std::to_string(i);
    windows.add(query);
  }
  const auto figures = windows.figures(kNow);
  const auto day = std::ranges::find(figures, "24h", &WindowFigures::window);
  ASSERT_EQ(day->slices.size(), 64U);
  const auto other = std::ranges::find(day->slices, "other", &SliceFigures::subject);
  ASSERT_NE(other, day->slices.end());
  EXPECT_EQ(other->figures.queries, 137U);
}

}  // namespace
}  // namespace ipw
