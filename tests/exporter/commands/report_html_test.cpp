#include "exporter/commands/report_html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "exporter/commands/markdown.hpp"
#include "exporter/commands/markdown_html.hpp"
#include "exporter/commands/report_text.hpp"
#include "replay/digest.hpp"
#include "tests/support/judged_records.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using ::testing::HasSubstr;
using testing::judged;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kHostile = "</script><script>alert(1)</script>|*<img src=x onerror=alert(2)>\"'&`";

Report report_of(const std::vector<AttemptRecord>& records) {
  ReportBuilder builder;
  for (const auto& record : records) builder.add(record);
  return std::move(*builder.build("", [](std::string_view) { return std::optional<std::size_t>(); }));
}

std::vector<AttemptRecord> line_of_tokens(int n) {
  std::vector<AttemptRecord> records;
  for (int i = 0; i < n; ++i) {
    auto record = judged("local", "q" + std::to_string(i), i % 4 == 0 ? VerdictKind::wrong : VerdictKind::correct,
                         5 + 0.5 * (20 + i));
    record.usage.input_tokens = 20;
    record.usage.output_tokens = i + 1;
    record.duration = Seconds{0.5 + 0.01 * i};
    record.time_to_first_token = Seconds{0.1};
    records.push_back(record);
  }
  return records;
}

TEST(ReportJson, FittedLines) {
  const auto json = Json::parse(report_json(report_of(line_of_tokens(50))));
  bool found = false;
  for (const auto& fit : json["targets"][0]["fits"]) {
    if (fit["published_name"] != "total_tokens_vs_energy") continue;
    found = true;
    EXPECT_EQ(fit["n"], 50);
    EXPECT_NEAR(fit["slope"].get<double>(), 0.5, 1e-9);
    EXPECT_NEAR(fit["intercept"].get<double>(), 4.5, 1e-9);
    EXPECT_NEAR(fit["r2"].get<double>(), 1, 1e-9);
    EXPECT_EQ(fit["scope"], "accelerator");
  }
  EXPECT_TRUE(found);
}

TEST(ReportHtml, EveryFitOfThePublishedHarnessIsThere) {
  auto records = line_of_tokens(50);
  for (auto& record : records) record.usage.input_tokens = 10 + *record.usage.output_tokens;
  const auto page = report_html(report_of(records), "");
  for (const auto* name : {"input_tokens_vs_ttft", "total_tokens_vs_energy", "total_tokens_vs_latency",
                           "total_tokens_vs_power", "total_tokens_vs_power_log", "log_power"})
    EXPECT_THAT(page, HasSubstr(name));
}

TEST(ReportHtml, HostileTextStaysText) {
  auto records = line_of_tokens(40);
  for (auto& record : records) {
    record.subject = record.model = record.query_id = record.id = kHostile + record.query_id;
    record.target = kHostile;
  }
  records[0].outcome = replay::Outcome::http_5xx;
  records[0].outcome_reason = kHostile;
  const auto page = report_html(report_of(records), "http://localhost:9947");
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(2)&gt;"));
  const std::regex scripts("</script>");
  EXPECT_EQ(std::distance(std::sregex_iterator(page.begin(), page.end(), scripts), {}), 2) << "the data and the code";
}

TEST(ReportHtml, ItsPolicyNamesWhatItRuns) {
  const auto page = report_html(report_of(line_of_tokens(3)), "");
  const auto between = [&](const std::string& open, const std::string& close) {
    const auto begin = page.rfind(open) + open.size();
    return page.substr(begin, page.find(close, begin) - begin);
  };
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'sha256-" +
                              replay::sha256_base64(between("<script>", "</script>")) + "'"));
  EXPECT_THAT(page, HasSubstr("style-src 'sha256-" + replay::sha256_base64(between("<style>", "</style>")) + "'"));
  EXPECT_EQ(replay::sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=") << "FIPS 180-2";
}

TEST(ReportPlots, PointsAreThinnedAndLinesAreOfAll) {
  const auto json = Json::parse(report_plots_json(report_of(line_of_tokens(3000)), ""));
  const auto& target = json["targets"][0];
  EXPECT_EQ(target["seen"], 3000);
  EXPECT_EQ(target["points"]["energy"].size(), PointSample::kPoints);
  EXPECT_EQ(target["lines"]["energy"]["total_tokens"]["n"], 3000);
  EXPECT_TRUE(target["points"]["id"].empty()) << "only where a sidecar has their pages";
  EXPECT_TRUE(target["points"]["right"][0].is_boolean());
}

TEST(MarkdownHtml, WhatMarkdownEscapesIsText) {
  MarkdownTable table({"a", "b"});
  table.add({"x|y", kHostile});
  const auto html =
      html_of_markdown("## T\n\n" + table.text() + "\nsome **bold** text\n- " + markdown_escaped("*a*") + "\n");
  EXPECT_THAT(html, HasSubstr("<h2>T</h2>"));
  EXPECT_THAT(html, HasSubstr("<th scope=row>x|y</th><td>&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("<p>some <b>bold</b> text</p>"));
  EXPECT_THAT(html, HasSubstr("<li>*a*</li>"));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

}  // namespace
}  // namespace ipw
