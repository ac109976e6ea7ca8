#include "exporter/regression/epoch.hpp"

#include <gtest/gtest.h>

#include "tests/support/records.hpp"

namespace ipw {
namespace {

using testing::wall;

const Facts kConfigured{{"model", "m"}, {"corpus", "c1"}, {"judges", "j1"}};

TEST(Epoch, BeginsWhenAFactChangesAndNotWhenOneBecomesKnown) {
  EpochTracker tracker(kConfigured, {}, wall(0));
  const auto first = tracker.current().digest;
  EXPECT_TRUE(tracker.learn("server", {{"engine_version", "1"}}, wall(1))) << "to be stored";
  EXPECT_EQ(tracker.current().digest, first);
  EXPECT_FALSE(tracker.learn("server", {{"engine_version", "1"}}, wall(2)));
  EXPECT_FALSE(tracker.learn("device", {}, wall(3))) << "who says nothing changes nothing";

  EXPECT_TRUE(tracker.learn("server", {{"engine_version", "2"}}, wall(4)));
  EXPECT_NE(tracker.current().digest, first);
  EXPECT_EQ(tracker.current().since, wall(4));
  EXPECT_EQ(difference(tracker.previous()->facts, tracker.current().facts), "engine_version 1 -> 2");
}

TEST(Epoch, TheSameFactsAgainHaveTheSameDigest) {
  EpochTracker tracker(kConfigured, {}, wall(0));
  tracker.learn("device", {{"driver", "550"}}, wall(1));
  const auto before = tracker.current().digest;
  tracker.learn("device", {{"driver", "580"}}, wall(2));
  tracker.learn("device", {{"driver", "550"}}, wall(3));
  EXPECT_EQ(tracker.current().digest, before);
  EXPECT_EQ(tracker.current().since, wall(3));
  EXPECT_EQ(tracker.find(before)->since, wall(3)) << "the newest of that digest";
}

TEST(Epoch, GoesOnAfterARestart) {
  EpochTracker before(kConfigured, {}, wall(0));
  before.learn("server", {{"quantization", "Q8_0"}}, wall(1));
  const std::vector<Epoch> known{before.current()};

  EpochTracker same(kConfigured, known, wall(9));
  EXPECT_EQ(same.current().since, wall(0));
  EXPECT_FALSE(same.learn("server", {{"quantization", "Q8_0"}}, wall(10)));

  EpochTracker other({{"model", "n"}}, known, wall(9));
  EXPECT_EQ(other.current().since, wall(9));
  EXPECT_EQ(difference(known[0].facts, other.current().facts), "model m -> n");
}

TEST(Epoch, OnlyAnotherYardstickCannotBeCompared) {
  struct Case {
    const char* name;
    Facts now;
    std::optional<std::string> why;
  };
  const Case cases[] = {
      {"the same", kConfigured, {}},
      {"another model", {{"model", "n"}, {"corpus", "c1"}}, {}},
      {"another corpus", {{"corpus", "c2"}}, "the baseline is of another corpus or panel"},
      {"other judges", {{"corpus", "c1"}, {"judges", "j2"}}, "the baseline was judged by other judges"},
      {"not known", {}, {}},
  };
  for (const auto& [name, now, why] : cases) EXPECT_EQ(incomparable(kConfigured, now), why) << name;
}

}  // namespace
}  // namespace ipw
