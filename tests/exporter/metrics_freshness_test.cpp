// How old what is known is: the time of the baseline, the round through the panel.

#include <gtest/gtest.h>

#include "exporter/metrics.hpp"
#include "exporter/regression/target_watch.hpp"
#include "tests/support/metrics_text.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw {
namespace {

using namespace testing;

const std::map<std::string, std::string> kTarget{
    {"target", "local"}, {"model", "llama-3.1-8b"}, {"accelerator", "NVIDIA H200"}, {"corpus", "mmlu-pro"}};

TEST(MetricsFreshness, TellsWhenTheBaselineWasMade) {
  const auto made = [](BaselineOrigin origin, WallTime at) {
    BaselineEntry entry;
    entry.origin = origin;
    entry.since = at;
    return std::optional(entry);
  };
  struct Case {
    const char* name;
    std::optional<BaselineEntry> baseline;
    std::optional<double> since;
  } const cases[] = {
      {"none yet", std::nullopt, std::nullopt},
      {"automatic", made(BaselineOrigin::automatic, sample_time()), 1'795'000'000},
      {"pinned within a second", made(BaselineOrigin::pinned, WallTime{std::chrono::milliseconds(1500)}), 1.5},
  };
  for (const auto& c : cases) {
    auto snapshot = sample_snapshot();
    TargetRegression shown;
    shown.baseline = c.baseline;
    snapshot.targets[0].regression = std::make_shared<const TargetRegression>(shown);
    const MetricsText text(render_text(snapshot));
    EXPECT_EQ(text.count("ipw_baseline_timestamp_seconds", kTarget), c.since ? 1U : 0U) << c.name;
    EXPECT_EQ(text.sum("ipw_baseline_timestamp_seconds"), c.since.value_or(0)) << c.name;
  }
}

TEST(MetricsFreshness, TellsHowFarTheCycleIs) {
  struct Case {
    const char* name;
    CorpusInfo replayed;
    std::uint64_t cycle, done;
    std::optional<double> progress;
  } const cases[] = {
      {"of a panel", {"d", 12032, 500}, 2, 125, 0.25},
      {"of a whole corpus", {"d", 12032, std::nullopt}, 0, 12032, 1},
      {"just begun", {"d", 10, std::nullopt}, 7, 0, 0},
      {"of nothing", {"d", 0, std::nullopt}, 0, 0, std::nullopt},
  };
  for (const auto& c : cases) {
    auto snapshot = sample_snapshot();
    auto& target = snapshot.targets[0];
    target.info.replayed = c.replayed;
    target.cycle = c.cycle;
    target.cycle_done = c.done;
    const MetricsText text(render_text(snapshot));
    EXPECT_EQ(text.sum("ipw_cycle_number", kTarget), static_cast<double>(c.cycle)) << c.name;
    EXPECT_EQ(text.count("ipw_cycle_progress_ratio", kTarget), c.progress ? 1U : 0U) << c.name;
    EXPECT_EQ(text.sum("ipw_cycle_progress_ratio"), c.progress.value_or(0)) << c.name;
  }
}

}  // namespace
}  // namespace ipw
