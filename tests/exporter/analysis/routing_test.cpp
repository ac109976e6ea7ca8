#include "exporter/analysis/routing.hpp"

#include <gtest/gtest.h>

#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using testing::judged;

constexpr auto kScope = probes::Scope::accelerator;
constexpr auto kRight = VerdictKind::correct;
constexpr auto kWrong = VerdictKind::wrong;

// Three targets of 10, 30 and 100 J a query. Who solves what: a all, b middle and large, c large, d nobody. By hand:
//   oracle             small, middle, large, large: 10 + 30 + 100 + 100 = 240 J, 3 of 4 right; large alone 400 J, 3
//   right a wrong decision   to large: 400 J, 3 right; elsewhere: 65 + 55 + 20 + 20 = 160 J, a 1, b 1/2, c 0, d 0 right
class Routing : public ::testing::Test {
 protected:
  void add(const std::string& query, bool small, bool middle, bool large) {
    answer(query, "small", small, 10);
    answer(query, "middle", middle, 30);
    answer(query, "large", large, 100);
  }
  void answer(const std::string& query, const std::string& target, bool right, double joules) {
    auto record = judged(target, query, right ? kRight : kWrong, joules);
    record.cost_usd = joules / 1e3;
    record.ended_at = record.sent_at + std::chrono::seconds(static_cast<int>(joules));
    if (change_) change_(record);
    results_.add({std::span(&record, 1)});
  }
  void add_four() {
    add("a", true, true, true);
    add("b", false, true, true);
    add("c", false, false, true);
    add("d", false, false, false);
  }
  Routed with(const Router& router, std::size_t reference = 2) const {
    return route(results_.common(targets_), reference, kScope, router);
  }

  std::vector<std::string> targets_{"small", "middle", "large"};
  std::function<void(AttemptRecord&)> change_;
  QueryResults results_;
};

TEST_F(Routing, SavesAgainstTheReferenceAlone) {
  add_four();
  const struct {
    const char* name;
    Router router;
    double joules, score;
  } cases[] = {
      {"oracle", {1, Misroute::reference}, 60, 0.75},
      {"80 %, wrong ones to the reference", {0.8, Misroute::reference}, 0.8 * 60 + 0.2 * 100, 0.75},
      {"60 %, wrong ones to the reference", {0.6, Misroute::reference}, 0.6 * 60 + 0.4 * 100, 0.75},
      {"80 %, wrong ones elsewhere", {0.8, Misroute::elsewhere}, 0.8 * 60 + 0.2 * 40, 0.8 * 0.75 + 0.2 * 0.375},
      {"60 %, wrong ones elsewhere", {0.6, Misroute::elsewhere}, 0.6 * 60 + 0.4 * 40, 0.6 * 0.75 + 0.4 * 0.375},
      {"never right, to the reference", {0, Misroute::reference}, 100, 0.75},
  };
  for (const auto& c : cases) {
    const auto routed = with(c.router);
    ASSERT_TRUE(routed.joules && routed.dollars && routed.seconds) << c.name;
    EXPECT_EQ(routed.joules->queries, 4U) << c.name;
    EXPECT_NEAR(routed.joules->routed, c.joules, 1e-9) << c.name;
    EXPECT_NEAR(routed.joules->reference, 100, 1e-9) << c.name;
    EXPECT_NEAR(routed.joules->saved().value_or(9), 1 - c.joules / 100, 1e-9) << c.name;
    EXPECT_NEAR(routed.dollars->routed, c.joules / 1e3, 1e-9) << c.name;
    EXPECT_NEAR(routed.seconds->routed, c.joules, 1e-9) << c.name;
    EXPECT_NEAR(routed.score, c.score, 1e-9) << c.name;
    EXPECT_NEAR(routed.reference_score, 0.75, 1e-9) << c.name;
  }
}

TEST_F(Routing, MayCostMoreThanACheapReference) {
  add_four();
  const auto routed = with({1, Misroute::reference}, 0);  // d goes to small: 10 + 30 + 100 + 10
  EXPECT_NEAR(routed.joules->routed, 37.5, 1e-9);
  EXPECT_NEAR(routed.joules->saved().value_or(9), -2.75, 1e-9);
  EXPECT_NEAR(routed.reference_score, 0.25, 1e-9);
}

TEST_F(Routing, WhatIsUnknownIsLeftOut) {
  add("a", true, true, true);
  change_ = [](AttemptRecord& record) {
    record.energy[0].validity = Validity::too_short;
    record.cost_usd.reset();
  };
  answer("b", "small", false, 10);
  change_ = [](AttemptRecord& record) { record.cost_usd.reset(); };
  answer("b", "middle", true, 30);
  answer("b", "large", true, 100);
  const auto routed = with({});
  EXPECT_EQ(routed.joules->queries, 1U);
  EXPECT_NEAR(routed.joules->routed, 10, 1e-9);
  EXPECT_EQ(routed.seconds->queries, 2U);
  EXPECT_NEAR(routed.reference_score, 1, 1e-9);

  EXPECT_FALSE(route(results_.common(targets_), 2, probes::Scope::wall, {}).joules) << "not metered";
  const std::vector<std::string> none{"nobody"};
  EXPECT_FALSE(route(results_.common(none), 0, kScope, {}).seconds);
}

TEST_F(Routing, ACostCountsAllAttempts) {
  const auto first = testing::failed(testing::attempt(judged("small", "a", kWrong, 5), 1, false));
  auto last = testing::attempt(judged("small", "a", kRight, 7), 2, true);
  last.cost_usd = 0.25;
  const std::vector<AttemptRecord> attempts{first, last};
  results_.add({attempts});
  const std::vector<std::string> one{"small"};
  const auto routed = route(results_.common(one), 0, kScope, {});
  EXPECT_NEAR(routed.joules->routed, 12, 1e-9);
  EXPECT_NEAR(routed.dollars->routed, 0.25, 1e-9);
  EXPECT_NEAR(routed.seconds->routed, 2, 1e-9) << "from the first sent to the last ended";
}

TEST_F(Routing, NothingIsSavedOfNothing) {
  EXPECT_FALSE((RoutedCost{4, 1, 0}).saved());
}

}  // namespace
}  // namespace ipw
