#include "exporter/web/status_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/sample_snapshot.hpp"

namespace ipw::web {
namespace {

using Json = nlohmann::json;
using namespace ::ipw::testing;

Json status(const Snapshot& snapshot, const ServiceState& service = {true, ""}) {
  return Json::parse(status_json(snapshot, service));
}

TEST(StatusJson, HoldsTheFiguresOfATarget) {
  const auto target = status(sample_snapshot())["targets"][0];
  EXPECT_EQ(target["target"], "local");
  EXPECT_EQ(target["verdicts"]["correct"], 40);
  EXPECT_EQ(target["queries"]["http_5xx"], 1);
  EXPECT_DOUBLE_EQ(target["accuracy"]["value"], 0.4);
  EXPECT_NEAR(target["accuracy"]["lower"], 0.3094, 1e-4);
  EXPECT_NEAR(target["accuracy"]["upper"], 0.4980, 1e-4);
  EXPECT_DOUBLE_EQ(target["mean"]["duration_s"], 0.5);
  EXPECT_DOUBLE_EQ(target["mean"]["tokens_per_second"], 100);
  EXPECT_EQ(target["cycle_done"], 33);
  EXPECT_EQ(target["cycle_queries"], 500);
  EXPECT_EQ(target["recent_failures"][0]["outcome"], "http_5xx");
}

TEST(StatusJson, HoldsBothIpwAndIpjPerScopeAndQuality) {
  const auto energy = status(sample_snapshot())["targets"][0]["energy"];
  ASSERT_EQ(energy.size(), 2);
  EXPECT_EQ(energy[0]["scope"], "accelerator");
  EXPECT_EQ(energy[0]["quality"], "measured");
  EXPECT_DOUBLE_EQ(energy[0]["joules_per_query"], 60);
  EXPECT_DOUBLE_EQ(energy[0]["intelligence_per_joule"], 40.0 / 6000);
  EXPECT_DOUBLE_EQ(energy[0]["intelligence_per_watt_query"], 40.0 / 12000);
  EXPECT_DOUBLE_EQ(energy[0]["intelligence_per_watt_time"], 0.4 / 120);
}

TEST(StatusJson, SaysWhyATargetIsPaused) {
  auto snapshot = sample_snapshot();
  EXPECT_TRUE(status(snapshot)["targets"][0]["paused"].is_null());
  EXPECT_TRUE(status(snapshot)["targets"][0]["server_running"].is_null());
  snapshot.targets[0].paused = replay::PauseReason::load;
  snapshot.targets[0].paused_why = "others";
  snapshot.targets[0].server_running = 9;
  snapshot.targets[0].budget_remaining = {{"queries", 0.5}};
  const auto target = status(snapshot)["targets"][0];
  EXPECT_EQ(target["paused"], "load");
  EXPECT_EQ(target["paused_because"], "others");
  EXPECT_EQ(target["server_running"], 9);
  EXPECT_EQ(target["budget_remaining"]["queries"], 0.5);
}

TEST(StatusJson, UnknownIsNullNotZero) {
  const auto state = status(sample_snapshot());
  const auto& target = state["targets"][0];
  EXPECT_TRUE(target["energy"][1]["intelligence_per_joule"].is_null());
  EXPECT_TRUE(target["energy"][1]["joules_per_query"].is_null());
  EXPECT_TRUE(target["mean"]["time_to_answer_s"].is_null());
  EXPECT_TRUE(target["cost_usd"].is_null());
  EXPECT_TRUE(target["last_query_at"].is_null());
  EXPECT_TRUE(state["channels"][1]["power_w"].is_null());
  EXPECT_TRUE(state["books"][0]["idle_power_w"].is_null());
  EXPECT_TRUE(state["demo"].is_null());

  Snapshot fresh;
  fresh.targets.emplace_back();
  EXPECT_TRUE(status(fresh)["targets"][0]["accuracy"].is_null());
}

TEST(StatusJson, TheSharesOfABookAddUpToTheMeter) {
  const auto book = status(sample_snapshot())["books"][0];
  double sum = 0;
  for (const auto& [name, joules] : book["shares_j"].items()) sum += joules.get<double>();
  EXPECT_EQ(book["shares_j"].size(), kShares);
  EXPECT_DOUBLE_EQ(sum, book["metered_j"]);
  EXPECT_EQ(book["lag_s"], 0.25);
}

TEST(StatusJson, SaysWhyAChannelIsDownAndWhetherThisIsADemo) {
  const auto state = status(sample_snapshot(), {false, "a built-in server answers"});
  EXPECT_EQ(state["channels"][1]["reason"], "/sys/class/powercap/intel-rapl:0/energy_uj: Permission denied");
  EXPECT_EQ(state["demo"], "a built-in server answers");
  EXPECT_EQ(state["ready"], false);
}

TEST(StatusJson, HoldsDevicesAndSamplers) {
  const auto state = status(sample_snapshot());
  EXPECT_EQ(state["channels"][0]["crosscheck"], 0.98);
  EXPECT_TRUE(state["channels"][1]["crosscheck"].is_null());
  EXPECT_EQ(state["devices"][0], (Json{{"device", "GPU-1234"},
                                       {"device_name", "NVIDIA H200"},
                                       {"driver", "580.65.06"},
                                       {"partition", "MIG 1g.18gb x7"},
                                       {"power_cap_w", 600.0},
                                       {"clock_hz", 1.98e9},
                                       {"clock_cap_hz", nullptr},
                                       {"throttled_by", {"power_cap"}}}));
  EXPECT_TRUE(state["devices"][1]["power_cap_w"].is_null());
  EXPECT_EQ(state["samplers"][0],
            (Json{{"source", "nvml"}, {"reads", 1000}, {"missed_ticks", 2}, {"read_s", 3.0}, {"cpu_s", 0.5}}));
}

TEST(StatusJson, AnswersInAnyEncodingDoNotBreakIt) {
  auto snapshot = sample_snapshot();
  snapshot.targets[0].recent_failures[0].outcome_reason = "caf\xe9 \xff\xfe \x01";
  EXPECT_NE(status(snapshot)["targets"][0]["recent_failures"][0]["reason"].get<std::string>().find("caf"),
            std::string::npos);
}

TEST(TargetsJson, ListsTargetsAndTheirScopes) {
  const auto targets = Json::parse(targets_json(sample_snapshot()))["targets"];
  ASSERT_EQ(targets.size(), 1);
  EXPECT_EQ(targets[0]["model"], "llama-3.1-8b");
  EXPECT_EQ(targets[0]["scopes"][1], (Json{{"scope", "node"}, {"quality", "estimated"}}));
}

}  // namespace
}  // namespace ipw::web
