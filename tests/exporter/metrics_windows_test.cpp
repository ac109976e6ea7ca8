#include <gtest/gtest.h>

#include "exporter/metrics.hpp"
#include "exporter/web/status_json.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw {
namespace {

using namespace testing;

const std::pair kMeasured{probes::Scope::accelerator, probes::Quality::measured};
constexpr const char* kLabels =
    R"({target="local",model="llama-3.1-8b",accelerator="NVIDIA H200",corpus="mmlu-pro",window="1h")";

Snapshot with_windows() {
  auto snapshot = sample_snapshot();
  WindowFigures young{.window = "5m", .all = {.queries = 3, .score = 1, .accuracy = {}, .energy = {}}, .slices = {}};
  WindowFigures hour{.window = "1h", .all = {}, .slices = {}};
  hour.all.queries = 100;
  hour.all.accuracy = Estimate{0.5, {0.4, 0.6}};
  auto& energy = hour.all.energy[kMeasured];
  energy.queries = 90;
  energy.per_joule = Estimate{0.25, {0.125, 0.5}};
  energy.per_watt_by_query = Estimate{0.03, {0.02, 0.04}};
  energy.per_watt_by_time = Estimate{0.06, {0.05, 0.07}};
  hour.slices.push_back(
      {"law", "en", {.queries = 40, .score = 10, .accuracy = Estimate{0.25, {0.1, 0.4}}, .energy = {}}});
  snapshot.targets[0].windows = std::make_shared<const std::vector<WindowFigures>>(std::vector{young, hour});
  return snapshot;
}

bool has(const std::string& text, const std::string& line) {
  return text.find(line) != std::string::npos;
}

TEST(MetricsWindows, FiguresStandWithTheirBoundsAndSizes) {
  const auto text = render_text(with_windows());
  const std::string labels = kLabels, scoped = labels + R"(,scope="accelerator",quality="measured")";
  for (const auto& line :
       {"ipw_accuracy_ratio" + labels + "} 0.5\n", "ipw_accuracy_ratio_lower" + labels + "} 0.4\n",
        "ipw_accuracy_ratio_upper" + labels + "} 0.6\n", "ipw_intelligence_per_joule" + scoped + "} 0.25\n",
        "ipw_intelligence_per_joule_lower" + scoped + "} 0.125\n",
        "ipw_intelligence_per_joule_upper" + scoped + "} 0.5\n",
        "ipw_intelligence_per_watt" + scoped + R"(,weighting="query"} 0.03)" + "\n",
        "ipw_intelligence_per_watt_lower" + scoped + R"(,weighting="time"} 0.05)" + "\n",
        "ipw_window_queries" + labels + "} 100\n", "ipw_window_metered_queries" + scoped + "} 90\n"})
    EXPECT_TRUE(has(text, line)) << line;
}

TEST(MetricsWindows, BelowTheMinimumThereIsNoGaugeButTheSize) {
  const auto text = render_text(with_windows());
  std::string young = kLabels;
  young.replace(young.find("1h"), 2, "5m");
  EXPECT_FALSE(has(text, "ipw_accuracy_ratio" + young));
  EXPECT_TRUE(has(text, R"(window="5m"} 3)"));
  EXPECT_FALSE(has(text, "ipw_joules_per_query{"));
}

TEST(MetricsWindows, TheStatusNamesSlicesAndNulls) {
  const auto text = web::status_json(with_windows(), {});
  EXPECT_TRUE(has(text, R"({"window":"5m","queries":3,"score":1.0,"accuracy":null,"energy":[],"slices":[]})"));
  EXPECT_TRUE(has(text, R"({"subject":"law","language":"en","queries":40,"score":10.0,"accuracy":{"value":0.25,)"));
}

TEST(MetricsRates, AreThereOnlyWhereConfigured) {
  EXPECT_FALSE(has(render_text(sample_snapshot()), "ipw_query_carbon_grams_total"));
  auto snapshot = sample_snapshot();
  snapshot.carbon = {400, {}};
  snapshot.electricity = {std::nullopt, "EUR"};
  snapshot.targets[0].billed[kMeasured] = {.grams = 12, .cost = 0.5, .no_intensity = {}, .no_price = Joules{100}};
  const auto text = render_text(snapshot);
  const std::string unscoped = std::string(kLabels).substr(0, std::string(kLabels).find(",window"));
  const auto labels = unscoped + R"(,scope="accelerator",quality="measured")";
  for (const auto& line : {"ipw_query_carbon_grams_total" + labels + "} 12\n",
                           "ipw_query_electricity_cost_total" + labels + R"(,currency="EUR"} 0.5)" + "\n",
                           "ipw_query_unrated_energy_joules_total" + labels + R"(,rate="electricity"} 100)" + "\n",
                           "ipw_query_unrated_energy_joules_total" + labels + R"(,rate="carbon"} 0)" + "\n",
                           std::string("ipw_carbon_intensity_grams_per_kwh 400\n"),
                           std::string("ipw_energy_rate_known{rate=\"electricity\"} 0\n"),
                           std::string("ipw_energy_rate_known{rate=\"carbon\"} 1\n")})
    EXPECT_TRUE(has(text, line)) << line;
  EXPECT_FALSE(has(text, "ipw_electricity_price_per_kwh{")) << "unknown is not 0";
}

}  // namespace
}  // namespace ipw
