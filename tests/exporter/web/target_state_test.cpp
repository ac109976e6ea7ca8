#include "exporter/web/target_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "exporter/regression/target_watch.hpp"
#include "exporter/web/regression_html.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw::web {
namespace {

using namespace ::ipw::testing;
using ::testing::HasSubstr;
using Kind = TargetState::Kind;

TestResult energy_test() {
  TestResult test;
  test.tested = {WatchedQuantity::energy, MeteredScope{probes::Scope::node, probes::Quality::measured}};
  test.ratio = Change{1.12, {1.08, 1.16}};
  test.log_e_value = 6;
  test.log_threshold = 12;
  test.queries = 90;
  test.items = {{"<b>", "law", 1, 2, 3}};
  test.subjects = {{"law & order", 0.1, 5}};
  return test;
}

TargetRegression regression(Decision decision, const std::string& why = "") {
  TargetRegression shown;
  shown.decision = decision;
  shown.why = why;
  shown.state.tests = {energy_test()};
  shown.state.tests[0].decision = decision;
  shown.state.compared = 90;
  return shown;
}

TEST(TargetState, SaysTheWorstThatIsKnown) {
  const auto with = [](Decision decision, const std::string& why = "") {
    return [=](TargetSnapshot& target) {
      target.regression = std::make_shared<const TargetRegression>(regression(decision, why));
    };
  };
  struct Case {
    const char* name;
    std::function<void(TargetSnapshot&)> change;
    Kind kind;
    const char *word, *why;
  } const cases[] = {
      {"nothing is worse", with(Decision::ok), Kind::fine, "fine",
       "none of 1 tests finds it worse than its baseline, over 90 queries"},
      {"regressed", with(Decision::regressed), Kind::bad, "regressed", "energy (node) +12.0 % [8.0, 16.0]"},
      {"warming up", with(Decision::warming_up, "warming up: 3 of 5 cycles"), Kind::waiting, "warming up",
       "3 of 5 cycles"},
      {"incomparable", with(Decision::incomparable, "another corpus"), Kind::waiting, "not comparable",
       "another corpus"},
      {"not tested", [](TargetSnapshot&) {}, Kind::waiting, "not tested", "`regression.baseline` is off"},
      {"silent", [](TargetSnapshot& target) { target.up = false; }, Kind::bad, "does not answer",
       "http_5xx: HTTP 500: <script>alert('x')</script> & more"},
      {"not ready",
       [](TargetSnapshot& target) {
         target.up = false;
         target.paused = replay::PauseReason::not_ready;
         target.paused_why = "it still loads";
       },
       Kind::bad, "does not answer", "it still loads"},
      {"paused",
       [](TargetSnapshot& target) {
         target.paused = replay::PauseReason::budget;
         target.paused_why = "the day's joules are spent";
       },
       Kind::waiting, "paused (budget)", "the day's joules are spent"},
      {"no power", [](TargetSnapshot& target) { target.energy.clear(); }, Kind::waiting, "not measured",
       "no power is metered for this target: there are no joules to divide by"},
      {"no energy that may be believed",
       [](TargetSnapshot& target) {
         target.energy.clear();
         target.energy[{probes::Scope::wall, probes::Quality::measured}].validity = {0, 7, 1, 0, 0};
       },
       Kind::waiting, "not measured", "the energy of none of 8 queries may be believed, mostly because of `shared`"},
      {"at first",
       [](TargetSnapshot& target) {
         target.last_query.reset();
         target.energy.begin()->second = {};
       },
       Kind::waiting, "starting", "no query has been answered yet"},
  };
  for (const auto& c : cases) {
    auto target = sample_target();
    target.last_query = sample_time();
    c.change(target);
    const auto state = state_of(target);
    EXPECT_EQ(state.kind, c.kind) << c.name;
    EXPECT_EQ(state.word, c.word) << c.name;
    EXPECT_EQ(state.why, c.why) << c.name;
  }
}

TEST(TargetState, ChangesOfAccuracyAreInPoints) {
  auto test = energy_test();
  test.tested = {WatchedQuantity::accuracy, {}};
  test.points = Change{-0.031, {-0.05, -0.01}};
  EXPECT_EQ(test_name(test), "accuracy");
  EXPECT_EQ(change_text(test), "−3.1 points [−5.0, −1.0]");
  EXPECT_EQ(change_text(TestResult{}), "–");
}

TEST(RegressionHtml, ShowsEvidenceAsABarAndWhatMovedAsText) {
  const auto ok = regression_html(regression(Decision::ok));
  for (const char* text : {"width=500.0", "6.0 of 12.0", "law &amp; order", "&lt;b&gt;", "+12.0 % [8.0, 16.0]"})
    EXPECT_THAT(ok, HasSubstr(text));
  EXPECT_THAT(regression_html(regression(Decision::regressed)), HasSubstr("6.0 of 12.0 for recovery"));
}

}  // namespace
}  // namespace ipw::web
