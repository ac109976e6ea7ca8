#include "exporter/web/status_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/web/html.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw::web {
namespace {

using namespace ::ipw::testing;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusPage, ShowsTheBasicNumbersWithoutScripts) {
  const auto page = status_page(sample_snapshot(), "").body;
  for (const char* text :
       {"40.0 %", "95 %: 30.9 % to 49.8 %, n = 100", "cycle 2: 33 of 500 done", "0.006667", "0.003333", "312.5",
        "Permission denied", "NVIDIA H200", "correct 40 · wrong 60", "ok 99 · http_5xx 1"})
    EXPECT_THAT(page, HasSubstr(text));
}

TEST(StatusPage, EscapesWhateverServersAndCorporaSay) {
  auto snapshot = sample_snapshot();
  const std::string evil = "\"><img src=x onerror='alert(1)'>";
  auto& target = snapshot.targets[0];
  target.info = {evil, evil, evil, evil, evil, evil, evil, false};
  target.recent_failures[0].query_id = evil;
  target.recent_failures[0].outcome_reason = evil;
  snapshot.books[0].device_name = evil;
  for (auto& channel : snapshot.channels) channel.source = channel.channel = channel.device = channel.reason = evil;
  const auto page = status_page(snapshot, evil).body;
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\">&lt;")));
  EXPECT_THAT(page, HasSubstr("&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;"));
}

TEST(StatusPage, LoadsNothingFromElsewhereAndRunsNothingInline) {
  const auto response = status_page(sample_snapshot(), "");
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  ASSERT_EQ(response.headers.size(), 1);
  EXPECT_EQ(response.headers[0].first, "Content-Security-Policy");
  EXPECT_THAT(response.headers[0].second, HasSubstr("default-src 'none'"));
  EXPECT_THAT(response.headers[0].second, Not(HasSubstr("unsafe")));
  for (const char* text : {"src=\"http", "href=\"http", "style=", "onclick", "<script>"})
    EXPECT_THAT(response.body, Not(HasSubstr(text)));
}

TEST(StatusPage, StaysLightWithManyLongFailures) {
  auto snapshot = sample_snapshot();
  auto& failures = snapshot.targets[0].recent_failures;
  failures.resize(200, failures[0]);
  for (auto& failure : failures) failure.outcome_reason = std::string(100'000, '<');
  EXPECT_LT(status_page(snapshot, "").body.size(), 50'000U);
}

TEST(StatusPage, MarksTheDemoAndSaysSoOnlyThere) {
  EXPECT_THAT(status_page(sample_snapshot(), "Recorded answers, simulated power.").body,
              HasSubstr("<strong>Demo.</strong> Recorded answers, simulated power."));
  EXPECT_THAT(status_page(sample_snapshot(), "").body, Not(HasSubstr("Demo.")));
}

TEST(StatusPage, OfAnEmptySnapshotSaysWhatIsMissing) {
  const auto page = status_page({}, "").body;
  EXPECT_THAT(page, HasSubstr("No power source, so no books."));
  EXPECT_THAT(page, HasSubstr("ipw-sidecar probes"));
}

TEST(Html, FiguresAreShortAndUnknownIsADash) {
  struct Case {
    std::optional<double> value;
    const char* text;
  } const cases[] = {{std::nullopt, "–"},  {0, "0"},       {0.00132, "0.00132"}, {123.456, "123.5"},
                     {1234567, "1234567"}, {-2.5, "-2.5"}, {1e-7, "1e-07"},      {std::nan(""), "–"}};
  for (const auto& c : cases) EXPECT_EQ(figure(c.value), c.text);
  EXPECT_EQ(figure(3, "W<"), "3 <small>W&lt;</small>");
}

}  // namespace
}  // namespace ipw::web
