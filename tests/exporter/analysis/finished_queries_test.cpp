#include "exporter/analysis/finished_queries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::Outcome;
using replay::VerdictKind;
using testing::attempt;
using ::testing::ElementsAre;
using testing::failed;
using testing::judged;

// "q1: 1 2" for a query of two attempts, "(part)" behind it where one is missing.
class Told {
 public:
  FinishedQueries queries{[this](const FinishedQuery& query) {
    auto line = query.last().query_id + ":";
    for (const auto& part : query.attempts) line += " " + part.id.substr(part.id.find('/') + 1);
    lines.push_back(line + (query.whole() ? "" : " (part)"));
  }};
  std::vector<std::string> lines;
};

AttemptRecord wrong(const std::string& query) {
  return judged("local", query, VerdictKind::wrong);
}

TEST(FinishedQueries, TellsOfAQueryOnceAllItsAttemptsAreThere) {
  std::vector<AttemptRecord> records = {attempt(wrong("q1"), 1, false), attempt(failed(wrong("q1")), 2, false),
                                        attempt(wrong("q1"), 3, true)};
  std::vector<int> order = {0, 1, 2};
  do {
    Told told;
    for (const int i : order) told.queries.add(records[static_cast<std::size_t>(i)]);
    EXPECT_THAT(told.lines, ElementsAre("q1: q1#1 q1#2 q1#3"));
    told.queries.finish();
    EXPECT_EQ(told.lines.size(), 1U);
  } while (std::ranges::next_permutation(order).found);
}

TEST(FinishedQueries, WhatIsNotFinishedIsNotTold) {
  Told told;
  told.queries.add(attempt(wrong("q1"), 1, false));
  told.queries.add(attempt(failed(wrong("q2"), Outcome::cancelled), 1, true));
  told.queries.finish();
  EXPECT_TRUE(told.lines.empty());
}

TEST(FinishedQueries, AQueryThatWasCancelledAndAskedAgainIsTheLaterOne) {
  Told told;
  told.queries.add(attempt(failed(wrong("q1")), 1, false));
  told.queries.add(attempt(failed(wrong("q1"), Outcome::cancelled), 2, true));
  auto again = attempt(failed(wrong("q1")), 1, false);
  again.id = "local/again";
  again.sent_at += std::chrono::seconds(10);
  told.queries.add(again);
  told.queries.add(attempt(wrong("q1"), 2, true));
  EXPECT_THAT(told.lines, ElementsAre("q1: again q1#2"));
}

TEST(FinishedQueries, AMissingAttemptIsSeen) {
  Told told;
  told.queries.add(attempt(wrong("q1"), 1, false));
  told.queries.add(attempt(wrong("q1"), 3, true));
  EXPECT_TRUE(told.lines.empty());
  told.queries.finish();
  EXPECT_THAT(told.lines, ElementsAre("q1: q1#3 (part)"));
}

TEST(FinishedQueries, TargetsCorporaAndCyclesAreKeptApart) {
  Told told;
  told.queries.add(attempt(wrong("q1"), 1, false));
  auto elsewhere = attempt(wrong("q1"), 2, true);
  elsewhere.target = "other";
  told.queries.add(elsewhere);
  elsewhere = attempt(wrong("q1"), 2, true);
  elsewhere.corpus = "other";
  told.queries.add(elsewhere);
  elsewhere = attempt(wrong("q1"), 2, true);
  elsewhere.cycle = 1;
  told.queries.add(elsewhere);
  EXPECT_TRUE(told.lines.empty());
}

TEST(Drawn, IsUnknownWhereAnAttemptIs) {
  const auto good = judged("local", "q1", VerdictKind::correct, 30);
  auto invalid = good, estimated = good, unmetered = good;
  invalid.energy[0].validity = Validity::gap;
  estimated.energy[0].quality = probes::Quality::estimated;
  unmetered.energy.clear();
  const struct {
    const char* name;
    std::vector<AttemptRecord> attempts;
    std::optional<double> joules;
  } cases[] = {
      {"one", {good}, 30},
      {"two add up", {good, good}, 60},
      {"one is not valid", {good, invalid}, std::nullopt},
      {"one is not metered", {unmetered, good}, std::nullopt},
      {"of two qualities", {good, estimated}, std::nullopt},
  };
  for (const auto& c : cases) {
    const auto sum = drawn(c.attempts, probes::Scope::accelerator);
    EXPECT_EQ(sum ? std::optional(sum->energy.value) : std::nullopt, c.joules) << c.name;
    EXPECT_FALSE(drawn(c.attempts, probes::Scope::wall)) << c.name;
  }
}

}  // namespace
}  // namespace ipw
