#include "exporter/regression/observation.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ipw {
namespace {

CompletedQuery answered_query() {
  CompletedQuery query;
  query.query_id = "q";
  query.subject = "law";
  query.cycle = 3;
  query.outcome = replay::Outcome::ok;
  query.verdict = replay::VerdictKind::correct;
  query.score = 1;
  query.duration = Seconds{2};
  query.energy = {{.scope = probes::Scope::node, .quality = probes::Quality::estimated, .gross = Joules{50}}};
  return query;
}

TEST(Observation, TakesWhatIsKnown) {
  const auto seen = observe(answered_query());
  EXPECT_EQ(seen.query_id, "q");
  EXPECT_EQ(seen.subject, "law");
  EXPECT_EQ(seen.cycle, 3U);
  EXPECT_EQ(seen.score, 1);
  EXPECT_EQ(seen.log_seconds, std::log(2));
  ASSERT_EQ(seen.log_joules.size(), 1U);
  EXPECT_EQ(seen.log_joules[0].metered, (MeteredScope{probes::Scope::node, probes::Quality::estimated}));
  EXPECT_EQ(seen.log_joules[0].value, std::log(50));
}

TEST(Observation, UnknownIsNotZero) {
  const struct {
    const char* name;
    void (*spoil)(CompletedQuery&);
    bool score, seconds, joules;
  } cases[] = {
      {"the judge failed", [](CompletedQuery& q) { q.verdict = replay::VerdictKind::judge_error; }, false, true, true},
      {"no answer came", [](CompletedQuery& q) { q.outcome = replay::Outcome::timeout_total; }, true, false, true},
      {"no duration", [](CompletedQuery& q) { q.duration = std::nullopt; }, true, false, true},
      {"energy not valid", [](CompletedQuery& q) { q.energy[0].valid = false; }, true, true, false},
      {"no joules", [](CompletedQuery& q) { q.energy[0].gross = Joules{0}; }, true, true, false},
      {"no meter", [](CompletedQuery& q) { q.energy.clear(); }, true, true, false},
  };
  for (const auto& c : cases) {
    auto query = answered_query();
    c.spoil(query);
    const auto seen = observe(query);
    EXPECT_EQ(seen.score.has_value(), c.score) << c.name;
    EXPECT_EQ(seen.log_seconds.has_value(), c.seconds) << c.name;
    EXPECT_EQ(!seen.log_joules.empty(), c.joules) << c.name;
  }
}

TEST(WatchedQuantity, KnowsWhichWayIsWorse) {
  const struct {
    WatchedQuantity quantity;
    std::string_view text;
    double sign;
  } cases[] = {{WatchedQuantity::accuracy, "accuracy", -1},
               {WatchedQuantity::energy, "energy", 1},
               {WatchedQuantity::latency, "latency", 1},
               {WatchedQuantity::ipj, "ipj", -1}};
  for (const auto& c : cases) {
    EXPECT_EQ(to_text(c.quantity), c.text);
    EXPECT_EQ(worse_sign(c.quantity), c.sign) << c.text;
  }
}

}  // namespace
}  // namespace ipw
