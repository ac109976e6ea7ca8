// docs/METRICS.md and docs/PLUGINS.md are written by the program's own lists. With IPW_UPDATE_GOLDENS=1 in the
// environment they are written instead of compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "base/text.hpp"
#include "exporter/metrics.hpp"
#include "probes/power_source.hpp"
#include "replay/dialect.hpp"
#include "replay/judge.hpp"
#include "replay/model_judge.hpp"
#include "tests/support/complete_snapshot.hpp"
#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using namespace testing;

std::filesystem::path source(const std::string& path) {
  return std::filesystem::path(IPW_SOURCE_DIR) / path;
}

void expect_document(const std::string& path, const std::string& text) {
  const char* update = std::getenv("IPW_UPDATE_GOLDENS");
  if (update != nullptr && std::string_view(update) == "1") std::ofstream(source(path)) << text;
  EXPECT_EQ(read_file(source(path)), text) << "written by IPW_UPDATE_GOLDENS=1 build/dev/tests/exporter.documents";
}

std::string type_name(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Histogram) return "histogram";
  return type == prometheus::MetricType::Counter ? "counter" : "gauge";
}

// Label names, with the contract's letters for those that go together.
std::string label_names(const prometheus::ClientMetric& metric) {
  std::string all;
  for (const auto& label : metric.label) all += (all.empty() ? "`" : ", `") + label.name + "`";
  for (const auto& [names, letter] : {std::pair("`target`, `model`, `accelerator`, `corpus`", "T"),
                                      std::pair("`subject`, `language`", "S"), std::pair("`scope`, `quality`", "E")})
    if (const auto at = all.find(names); at != std::string::npos)
      all.replace(at, std::string_view(names).size(), letter);
  return all.empty() ? "none" : all;
}

std::string metrics_document() {
  std::string text =
      "# Metrics\n\n"
      "Every metric of `/metrics`, as the program itself lists them. Letters stand for labels that go together:\n"
      "**T** = `target`, `model`, `accelerator`, `corpus`; **S** = `subject`, `language` (at most 64 pairs, the rest "
      "`other`);\n"
      "**E** = `scope`, `quality`. Units are base units. Counters begin at 0 with the process and exist from the "
      "start; "
      "what is not\nknown has no series. Histograms carry exemplars when OpenMetrics is asked for: the label `id` is "
      "the attempt's, and\n`/queries/ID` opens it. **E** after `quantity` is there only where the quantity is "
      "metered.\n\n"
      "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& family : families(complete_snapshot()))
    text += "| `" + family.name + "` | " + type_name(family.type) + " | " + label_names(family.metric.front()) + " | " +
            family.help + " |\n";
  return text;
}

template <class Open>
std::string table_of(const std::string& kind, const Catalog<Open>& catalog) {
  std::string text = "| " + kind + " | |\n| --- | --- |\n";
  for (const auto& entry : catalog.entries())
    text += "| `" + std::string(entry.name) + "` | " + std::string(entry.summary) + " |\n";
  return text;
}

std::string plugins_document() {
  return "# Plug-ins\n\nWhat the program can be told to use, as it lists them itself.\n\n"
         "## Power sources\n\n`{type: NAME}` in `probes.sources`; how each reads its hardware: "
         "[SOURCES](SOURCES.md).\n\n" +
         table_of("`type`", probes::power_sources()) + "\n## Dialects\n\n`dialect` of a target.\n\n" +
         table_of("`dialect`", replay::dialects()) +
         "\n## Judges\n\n`judge` of a corpus line, or `judges.default`.\n\n" + table_of("`judge`", replay::judges()) +
         "\nThese ask a model (`judges.llm`):\n\n" + table_of("`judge`", replay::model_judges());
}

TEST(Documents, MetricsAreThoseOfTheProgram) {
  expect_document("docs/METRICS.md", metrics_document());
}

TEST(Documents, PlugInsAreThoseOfTheProgram) {
  expect_document("docs/PLUGINS.md", plugins_document());
}

TEST(Documents, NoMetricIsLeftOut) {
  std::set<std::string> shown, written;
  for (const auto& family : families(complete_snapshot())) shown.insert(family.name);
  const std::regex name("\"(ipw_[a-z_]+|process_[a-z_]+)\"");
  for (const auto& file : std::filesystem::directory_iterator(source("exporter"))) {
    const auto stem = file.path().filename().string();
    if (!stem.starts_with("metrics") || !stem.ends_with(".cpp")) continue;
    const auto text = read_file(file.path());
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) written.insert((*at)[1]);
  }
  EXPECT_GT(written.size(), 80U);
  for (const auto& metric : written)
    EXPECT_TRUE(shown.contains(metric)) << metric << ": give it to complete_snapshot()";
}

}  // namespace
}  // namespace ipw
